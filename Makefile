.DEFAULT_GOAL := help
.PHONY: help demo test test-browser test-pooler judge-real faults check lock bench bench-speed bench-service bench-beacon bench-scale bench-quality bench-formats clean

# The first of these that is 3.11 to 3.13 makes .venv; name your own with `make PYTHON=...`. Without a GPU,
# `make demo TORCH=cpu TORCH_INDEX=ADDRESS` saves gigabytes: docs/install.md.
PYTHON ?= python3 python3.13 python3.12 python3.11
PY := .venv/bin/python
READY := .venv/.ready
EXTRAS := webhook,worker,safety,embedded,otel,dev,bench
OUT := thumbs-out
ARGS ?=
LOCK := --constraint constraints.txt --universal --python-version 3.13 --generate-hashes --no-header --no-annotate

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY)  ## the whole loop on this machine: a webhook goes in, the thumbnail comes back
	@$(PY) -m worker demo --out $(OUT)/demo

test: $(READY)  ## run the tests; choose with ARGS="-k report"
	@$(PY) -m pytest -n auto --no-loadscope-reorder $(ARGS)

test-browser: $(READY)  ## use the pages as people do, in Chromium; choose with ARGS="-k keyboard"
	@$(PY) -m tests.support.browser.chromium
	@$(PY) -m pytest tests/browser -m browser -n 2 --no-loadscope-reorder $(ARGS)

test-pooler: $(READY)  ## run the service behind a real PgBouncer; choose with ARGS="-k limits"
	@$(PY) -m tests.support.pooler.pgbouncer
	@$(PY) -m pytest tests/pooler -m pooler -n 2 --no-loadscope-reorder $(ARGS)

judge-real: $(READY)  ## ask llama.cpp's own server as a judge; takes 600 MB in var/, for a model under Gemma's terms
	@$(PY) -m tests.support.judge_server.llama install
	@$(PY) -m pytest tests/judge/test_real_server.py -m real -n 0 $(ARGS)

faults: $(READY)  ## hurt the running service in every way that we know, and check that nothing is lost
	@$(PY) -m pytest -m "faults and not quick" -n 2 --no-loadscope-reorder $(ARGS)

check: $(READY)  ## lint, formatting, types, the import rules and the rules of the house
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m tests.project.house --quiet

bench: $(READY)  ## measure the picker's speed and memory; choose with ARGS="--only seed"
	@$(PY) -m tests.benchmarks.speed.speed $(ARGS)

bench-speed: $(READY)  ## measure how cost grows, and how full several jobs keep the cores; draws docs/images/growth-*.svg
	@$(PY) -m tests.benchmarks.speed.growth $(ARGS)
	@$(PY) -m tests.benchmarks.speed.utilisation

bench-service: $(READY)  ## measure the receiver, and the way from a webhook to the accepted write
	@$(PY) -m tests.benchmarks.service.receiver $(ARGS)
	@$(PY) -m tests.benchmarks.service.end_to_end

bench-beacon: $(READY)  ## measure how many batches of viewers are counted, and the receiver beside it
	@$(PY) -m tests.benchmarks.service.beacon $(ARGS)

bench-scale: $(READY)  ## measure commands and queries in a database of a million assets; takes 8 GB of disk
	@$(PY) -m tests.benchmarks.service.scale $(ARGS)

bench-quality: $(READY)  ## count how often the picker falls for planted bad frames
	@$(PY) -m tests.benchmarks.quality.traps $(ARGS)

bench-formats: $(READY)  ## count wrong thumbnails of kinds of files that people bring; choose with ARGS="--kinds HDR"
	@$(PY) -m tests.benchmarks.formats $(ARGS)

lock:  ## write what the images install, with hashes, after a change of constraints.txt; needs uv
	@uv pip compile pyproject.toml --quiet --extra webhook --extra otel $(LOCK) --output-file webhook/requirements.txt
	@uv pip compile pyproject.toml --quiet --extra worker --extra hf --extra otel $(LOCK) --output-file worker/requirements.txt
	@echo hatchling | uv pip compile - --quiet $(LOCK) --output-file deploy/build-requirements.txt

clean:  ## remove everything that make made
	rm -rf .venv $(OUT) dist var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(READY): pyproject.toml constraints.txt
	@.ci/setup $(EXTRAS) $(PYTHON)
