# Everything runs from .venv, made on demand. make book PYTHON=python3.12  chooses the interpreter, and
# make book INSTALLER=pip  installs with pip instead of uv.
PYTHON ?= python3
INSTALLER ?= uv
VENV := .venv
RUN := $(VENV)/bin/python
BOOK := $(VENV)/bin/jupyter-book build . -W --keep-going -q
INSTALLED := $(VENV)/installed
PEER := .venv-bench/installed
COLAB := .venv-colab/installed
PIP := --disable-pip-version-check --quiet
UV := $(VENV)/bin/uv pip
INTO := --quiet --python $(RUN)
ROOM := .venv-room/installed
LIGHTHOUSE := .lighthouse/installed
JOBS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
SECTIONS ?= building overhead depth throughput accuracy memory site room

export TF_CPP_MIN_LOG_LEVEL ?= 2
# As `import resnet_lib` does, for programs that import TensorFlow first.
ifeq ($(shell uname -m),x86_64)
export TF_ENABLE_ONEDNN_OPTS ?= 1
endif

TOOL := PYTHONPATH=book/_ext:tools $(RUN)

.PHONY: book gpu slides pdf offline serve lab room test test-all lint links bench record wasm pins clean

book: $(INSTALLED)
	$(BOOK)
	@echo
	@echo "The book is in _build/html: open _build/html/index.html, or type  make serve"

# TensorFlow for NVIDIA GPUs on Linux, with CUDA, in place of the one without: 3 GB to download.
gpu: $(INSTALLED)
	$(RUN) -m pip uninstall --yes --quiet tensorflow-cpu tensorflow
	$(RUN) -m pip install $(PIP) --no-deps --require-hashes --requirement requirements-gpu.txt

# Slides, a PDF and a zip for rooms without a network, made from the built book.
# make offline WITH_DATA=1  adds CIFAR-10 to the zip.
slides: $(INSTALLED)
	$(TOOL) -m slides.build

pdf: $(INSTALLED)
	$(RUN) tools/chromium.py
	$(TOOL) tools/pdf.py

offline: $(INSTALLED)
	$(TOOL) tools/offline_zip.py $(if $(WITH_DATA),--with-data)

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
	$(VENV)/bin/lint-imports --no-cache
	$(RUN) -m mypy

# Follows every link that leads out of the book: needs a network.
links: $(INSTALLED)
	$(VENV)/bin/jupyter-book build . --builder linkcheck

# What is checked before every push: lint, the strict build, JavaScript, Python, the pages in Chromium.
# First JOBS files of tests run at once: one more than there are cores, as tests wait for processes.
# Then the tests that measure a time run alone.
test: SELECTED = not slow and
test: lint
	$(TESTS)

# All tests: also every chapter in a runtime like Colab's, a room full of learners, the PDF, and many
# kills. Where a runtime like Colab's cannot be installed, pytest says so and tests the rest.
test-all: lint
	-@$(MAKE) --no-print-directory $(COLAB)
	-@$(MAKE) --no-print-directory $(ROOM)
	$(TESTS)

define TESTS
	@if command -v node >/dev/null; then node --test $$(find tests -name "*.test.mjs"); \
	else echo "node is not installed: the widgets' modules are tested in Chromium alone"; fi
	$(BOOK)
	$(TOOL) -m slides.build
	$(RUN) tools/chromium.py
	@status=0; \
	$(RUN) -m pytest --numprocesses $(JOBS) --dist loadfile -m '$(SELECTED) not timed' || status=1; \
	$(RUN) -m pytest -m '$(SELECTED) timed' || status=1; \
	exit $$status
endef

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
		$(RUN) -m benchmarks.$$section $(OPTIONS) || failed="$$failed $$section"; \
	done; \
	$(RUN) -m benchmarks.report || failed="$$failed report"; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

# Without hashes: which build of PyTorch fits depends on the machine.
$(PEER): benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install $(PIP) --requirement benchmarks/requirements.txt
	@touch $@

# With a Node.js of its own: Lighthouse needs a newer one than many systems have.
$(LIGHTHOUSE): Makefile
	npm install --silent --no-audit --no-fund --prefix .lighthouse lighthouse@13.5.0 node@22.23.3
	@touch $@

$(COLAB): tests/colab/requirements.txt | $(INSTALLED)
	$(PYTHON) -m venv --clear .venv-colab
	$(UV) install --quiet --python .venv-colab/bin/python --require-hashes --requirement $<
	@touch $@

$(ROOM): deploy/requirements.txt deploy/package-lock.json deploy/install.py | $(INSTALLED)
	$(RUN) deploy/install.py
	@touch $@

# The trainings that the book rests on, those that are missing; stop it at any time, and go on.
record: $(INSTALLED)
	$(RUN) -m resnet_lib record

# Compile convolve.wat into the module that uses it, after an edit.
wasm: $(INSTALLED)
	$(RUN) tools/wasm.py

# Resolve all pinned requirements anew, for every Python from 3.11, and write their hashes.
LOCK = $(VENV)/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-annotate
LOCK_BOOK = $(LOCK) --python-version 3.11
pins: $(INSTALLED)
	echo uv | $(LOCK_BOOK) - --output-file tools/uv.txt
	$(LOCK_BOOK) pyproject.toml --extra cpu --extra jax --group book --group test \
		--output-file requirements.txt
	$(LOCK_BOOK) pyproject.toml --extra gpu --constraint requirements.txt \
		--output-file requirements-gpu.txt \
		$$(sed -nE '/^tensorflow==/!s/^([a-z0-9._-]+)==.*/--no-emit-package \1/p' requirements.txt)
	$(LOCK_BOOK) deploy/requirements.in --constraint requirements.txt \
		--output-file deploy/requirements.txt
	$(LOCK) tests/colab/requirements.in --python-version 3.11 \
		--output-file tests/colab/requirements.txt

clean:
	rm -rf _build

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "TensorFlow runs on Python 3.11 to 3.13 and this is $$($(PYTHON) --version);" \
		"name another:  make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@$(MAKE) --no-print-directory install-with-$(INSTALLER)
	@touch $@

# uv comes with pip, so pip is the only program that a machine needs. uv does not read pip's settings:
# behind an index of your own, set UV_DEFAULT_INDEX, or let pip install everything.
.PHONY: install-with-uv install-with-pip
install-with-uv:
	$(RUN) -m pip install $(PIP) --require-hashes --requirement tools/uv.txt
	@{ $(UV) sync $(INTO) --require-hashes tools/uv.txt requirements.txt && \
		$(UV) install $(INTO) --no-deps --editable .; } || \
		{ echo "uv could not install the packages: pip tries it now"; \
		$(MAKE) --no-print-directory install-with-pip; }

install-with-pip:
	$(RUN) -m pip install $(PIP) --require-hashes --requirement tools/uv.txt --requirement requirements.txt
	$(RUN) -m pip install $(PIP) --no-deps --editable .
