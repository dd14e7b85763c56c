# `make demo` and `make test` do all their own set-up: system packages (apt), .venv, Python packages.
PY := .venv/bin/python
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SHARED ?= $(or $(TINYNAS_SHARED),../shared)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint quick bench wheel clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## system packages and .venv (the other targets call it)
	@tools/setup.sh

demo: setup ## search, train, build and run a keyword model; leaves runs/demo/
	$(PY) -m tinynas search kws --demo --fresh --out runs/demo

test: lint ## everything: lint, types, tests with emulated runs
	$(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)

quick: setup ## tests that take seconds, without emulator
	$(PY) -m pytest -n $(JOBS) -m "not slow and not emulator" $(PYTEST_ARGS)

lint: setup ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m mypy

bench: setup ## the five reference models in QEMU, checked and counted
	@for model in $(SHARED)/models/*.tflite; do \
		$(PY) -m tinynas bench "$$model" --board mps2-an500 --on qemu --inputs 20 || exit $$?; done

wheel: setup ## dist/*.whl and the source archive
	$(PY) -m build --no-isolation --outdir dist .

clean: ## what tests and builds left (not .venv, not runs/)
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
