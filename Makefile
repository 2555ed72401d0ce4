# Everything runs from .venv, made on demand. PYTHON=python3.12 make book  chooses the interpreter.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
BOOK := $(VENV)/bin/jupyter-book build . -W --keep-going -q
INSTALLED := $(VENV)/installed
PEER := .venv-bench/installed
COLAB := .venv-colab/installed
ROOM := .venv-room/installed
LIGHTHOUSE := .lighthouse/installed
JOBS ?= 2
SECTIONS ?= building overhead depth throughput accuracy site room

export TF_CPP_MIN_LOG_LEVEL ?= 2
# As `import resnet_lib` does, for programs that import TensorFlow first.
ifeq ($(shell uname -m),x86_64)
export TF_ENABLE_ONEDNN_OPTS ?= 1
endif

TOOL := PYTHONPATH=book/_ext:tests/browser $(RUN)

.PHONY: book slides pdf offline serve lab room test lint links bench record wasm pins clean

book: $(INSTALLED)
	$(BOOK)
	@echo
	@echo "The book lies in _build/html: open _build/html/index.html, or type  make serve"

# For an instructor, of the book that is built: slides, a PDF, and all of it on a memory stick, with
# CIFAR-10 where one says  make offline WITH_DATA=1
slides: $(INSTALLED)
	$(TOOL) tools/slides.py

pdf: $(INSTALLED)
	$(RUN) tests/browser/chromium.py
	$(TOOL) tools/pdf.py

offline: $(INSTALLED)
	$(TOOL) tools/offline.py $(if $(WITH_DATA),--with-data)

serve:
	@test -f _build/html/index.html || { echo "there is no book yet: type  make book"; exit 1; }
	@echo "The book is at http://localhost:8000 (stop with Ctrl-C)"
	@$(PYTHON) -m http.server 8000 --bind localhost --directory _build/html

lab: $(INSTALLED)
	$(RUN) -m jupyter lab --notebook-dir book

# make room LEARNERS=30 OPTIONS="--ip 0.0.0.0 --ssl-key … --ssl-cert …"  as root, after make book:
# the book in JupyterHub, for a room of people. deploy/README.md goes through a day with it.
room: $(ROOM)
	@.venv-room/bin/python deploy/room.py open --learners $(or $(LEARNERS),0) $(OPTIONS)

lint: $(INSTALLED)
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check

# Follows every link that leads out of the book: needs a network.
links: $(INSTALLED)
	$(VENV)/bin/jupyter-book build . --builder linkcheck

# The browser tests read the built book and its slides, so these come before them. Where a runtime like
# Colab's cannot be installed, the chapters are not run in it, and pytest says so. JOBS files of tests
# at once, and after them, with nothing beside them, the tests that measure a time.
test: lint
	@if command -v node >/dev/null; then node --test tests/js/; \
	else echo "node is not installed: the widgets' modules are tested in Chromium alone"; fi
	$(BOOK)
	$(TOOL) tools/slides.py
	$(RUN) tests/browser/chromium.py
	-@$(MAKE) --no-print-directory $(COLAB)
	-@$(MAKE) --no-print-directory $(ROOM)
	$(RUN) -m pytest --numprocesses $(JOBS) --dist loadfile -m 'not timed'
	$(RUN) -m pytest -m timed

# make bench SECTIONS="depth overhead"  measures these alone, and
# make bench SECTIONS=throughput OPTIONS="--instructions avx2"  limits the processor to AVX2.
# Failures are listed at the end. A machine without PyTorch still measures the rest.
bench: $(INSTALLED)
	@$(if $(filter throughput,$(SECTIONS)),$(MAKE) --no-print-directory $(PEER) \
		|| echo "no PyTorch: its rows of the table will say so")
	@$(if $(filter room,$(SECTIONS)),$(MAKE) --no-print-directory $(ROOM) \
		|| echo "no JupyterHub: the section room will fail")
	@$(if $(filter site,$(SECTIONS)),$(MAKE) --no-print-directory $(LIGHTHOUSE) \
		|| echo "no Lighthouse: the section site will fail")
	@failed=; for section in $(SECTIONS); do \
		$(RUN) benchmarks/$$section.py $(OPTIONS) || failed="$$failed $$section"; \
	done; \
	$(RUN) benchmarks/table.py || failed="$$failed table"; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

$(PEER): benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --requirement benchmarks/requirements.txt
	@touch $@

# With a Node.js of its own: Lighthouse needs a newer one than many systems have.
$(LIGHTHOUSE): Makefile
	npm install --silent --no-audit --no-fund --prefix .lighthouse lighthouse@13.5.0 node@22.23.3
	@touch $@

$(COLAB): tests/colab/requirements.txt
	$(PYTHON) -m venv --clear .venv-colab
	.venv-colab/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(ROOM): deploy/requirements.txt deploy/package-lock.json deploy/install.py | $(INSTALLED)
	$(RUN) deploy/install.py
	@touch $@

# The trainings that the book rests on, those that are missing; stop it at any time, and go on.
record: $(INSTALLED)
	$(RUN) -m resnet_lib record

# After an edit of convolve.wat: compiles it into the module that uses it.
wasm: $(INSTALLED)
	$(RUN) tests/wasm.py

# Resolve requirements.txt anew from pyproject.toml, for every Python from 3.10.
pins: $(INSTALLED)
	$(RUN) -m pip install --quiet uv
	$(VENV)/bin/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.10 \
		--extra tensorflow --extra jax --group book --group test \
		--no-header --no-annotate --output-file requirements.txt
	$(VENV)/bin/uv pip compile deploy/requirements.in --quiet --upgrade --universal \
		--python-version 3.10 --constraint requirements.txt \
		--no-header --no-annotate --output-file deploy/requirements.txt

clean:
	rm -rf _build

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "TensorFlow runs on Python 3.10 to 3.13 and this is $$($(PYTHON) --version);" \
		"name another:  make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --requirement requirements.txt
	$(RUN) -m pip install --quiet --no-deps --editable .
	@touch $@
