# What CI runs, by name. `just` alone runs all of it.
python := env("ZETA_PYTHON", "python")

default: lint types test

# formatting and lint
lint:
    {{python}} -m ruff format --check .
    {{python}} -m ruff check .

# mypy strict and pyright
types:
    {{python}} -m mypy
    {{python}} -m pyright

# all tests, README and docs included
test:
    {{python}} -m pytest

# put the code into shape
format:
    {{python}} -m ruff format .
    {{python}} -m ruff check --fix .

# figures, as ratios within one run
bench:
    {{python}} benchmarks/decision_speed.py
    {{python}} benchmarks/langchain_overhead.py
    {{python}} benchmarks/langchain_runnable_overhead.py
    {{python}} benchmarks/llamaindex_overhead.py
    {{python}} benchmarks/simulator_speed.py
    {{python}} benchmarks/store_decisions.py
