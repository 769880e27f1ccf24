.PHONY: demo test test-all check bench clean
PYTHON ?= python3.11
export HF_HUB_OFFLINE = 1
export OMP_NUM_THREADS = 1

demo: .venv/core
	.venv/bin/textbook demo

test: .venv/dev
	.venv/bin/python -m pytest -q

test-all: .venv/serve
	.venv/bin/python -m pytest -q -m "slow or not slow"

check: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: .venv/dev
	for script in $(filter-out benchmarks/cleaning.py,$(wildcard benchmarks/*.py)); do .venv/bin/python $$script || exit 1; done

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q -c constraints.txt -e .
	touch .venv/core

.venv/dev: .venv/core
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch .venv/dev

.venv/serve: .venv/dev
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[serve]'
	touch .venv/serve

clean:
	rm -rf .venv demo-output
