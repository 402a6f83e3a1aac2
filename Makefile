.PHONY: check fast test js lint demo bench
PYTHON = .venv/bin/python

check:
	.ci/run
fast:
	$(PYTHON) -m pytest -q -m fast
test:
	$(PYTHON) -m pytest -q $(ARGS)
js:
	node --test tests/js/
	npx tsc -p jsconfig.json
	npx eslint .
	npx prettier --check --log-level warn "templates/**/*.css"
lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
demo:
	.venv/bin/imagelib demo
bench:
	$(PYTHON) bench/build.py --count 100
	$(PYTHON) bench/search.py
