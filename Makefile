.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean

# The first of these that is new enough makes .venv; name your own with `make PYTHON=...`.
PYTHON ?= python3 python3.13 python3.12 python3.11
PY := .venv/bin/python
READY := .venv/.ready
EXTRAS := webhook,worker,embedded,dev,bench
OUT := thumbs-out
ARGS ?=
CLIPS := from tests.pictures import footage_path as clip; print(clip("bikes"), clip("bigbuckbunny"), sep="\0", end="\0")

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY)  ## pick thumbnails from two real clips and say where the pictures are
	@$(PY) -c '$(CLIPS)' | xargs -0 $(PY) -m worker pick --report --out $(OUT)
	@echo "The pictures and a report.html for each video are in $(CURDIR)/$(OUT)"

test: $(READY)  ## run the tests; choose with ARGS="-k report"
	@$(PY) -m pytest $(ARGS)

check: $(READY)  ## lint, formatting, types and the import rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: $(READY)  ## measure speed and memory against the figures in tests/benchmarks/README.md
	@$(PY) tests/benchmarks/speed.py $(ARGS)

clean:  ## remove everything that make made
	rm -rf .venv $(OUT) dist var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(READY): pyproject.toml constraints.txt
	@.ci/setup $(EXTRAS) $(PYTHON)
