"""Typed errors. Each says what is wrong and what to do about it; the command line prints the
message as one line and exits with status 2."""


class TinynasError(Exception):
    """Base of every error a user can cause or mend. The message is one clear line."""


class ModelError(TinynasError):
    """A model file that cannot be read, or that uses something unsupported."""


class BoardError(TinynasError):
    """An unknown board, or a board file with a missing or senseless field."""


class BudgetError(TinynasError):
    """A model or search that cannot meet its budgets."""


class ToolError(TinynasError):
    """An external program that is missing or failed (compiler, emulator, flasher)."""


class LinkError(TinynasError):
    """A serial or socket link that is dead, garbled, or answered out of turn."""


class MeasureError(TinynasError):
    """A measurement that must not be trusted (stalled counter, wrong image, wrong outputs)."""


class DataError(TinynasError):
    """A data set that is missing, damaged, or inconsistent."""


class UsageError(TinynasError):
    """A value given by the user that cannot be understood."""


class OtherRunError(UsageError):
    """A run folder that holds a run of another configuration."""
