"""Measuring: build a model's firmware, run it in an emulator or on a board, check every output, report."""
