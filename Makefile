# The commands of 살핌. Needs make and Python 3.11 or newer; everything else is fetched into .venv.

PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p && break; done 2>/dev/null || echo python3)
VENV := .venv
PY := $(VENV)/bin/python

CATALOGUES := $(patsubst %.po,%.mo,$(wildcard app/translations/*/LC_MESSAGES/*.po))

.DEFAULT_GOAL := help
.PHONY: help run test check lint types walls templates train bench build catalogues assets pins portal dev python clean
.SILENT:

help: ## 이 목록 · this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: build ## 포털을 켭니다 (PORT=8000) · start the portal
	exec env PORT="$(PORT)" $(PY) -m app.cli.serve

test: dev catalogues ## 모든 시험 · run the whole test suite
	$(PY) frontend/build.py --dev
	$(PY) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

check: lint types walls templates ## 문법·형·벽 검사 · lint, types, walls

lint: dev
	$(PY) -m ruff check .

types: dev
	$(PY) -m mypy

walls: dev
	$(VENV)/bin/lint-imports

templates: dev
	$(PY) -m djlint --quiet --lint app

train: dev ## 모형 학습 · train the classifier, make vision/models/own (ARGS="--minutes 30 --export mine")
	$(PY) -m vision train --export own $(ARGS)

bench: dev ## 속도 측정 · measure speed
	$(PY) -m app.cli.bench_analysis $(ARGS)
	$(PY) -m nlp bench

build: portal assets catalogues ## 화면 파일과 번역 · build the front end and the catalogues

assets: portal
	$(PY) frontend/build.py

catalogues: portal $(CATALOGUES)

%.mo: %.po | portal
	$(PY) -m babel.messages.frontend --quiet compile --input-file $< --output-file $@

pins: dev ## 판 고정 · write exact versions to requirements/constraints.txt
	$(PY) requirements/pins.py

portal dev: python
	$(PYTHON) requirements/install.py $@

python:
	command -v "$(PYTHON)" >/dev/null || { echo "살핌 설치 · Salpim setup: Python 3.11 이상이 필요합니다 ·" \
		"Python 3.11 or newer is needed (PYTHON=$(PYTHON))" >&2; exit 1; }

clean: ## 만든 것을 지웁니다 (자료는 남깁니다) · remove what was built, keep the data
	rm -rf $(VENV) frontend/node_modules app/web/static/dist build dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find app -name '*.mo' -exec rm -f {} +
