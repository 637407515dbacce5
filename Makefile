# What a person types. `make` alone says what there is.

PYTEST_ARGS ?=
TARGET ?= demo
SUITE ?= bookworm
RUN_AS ?= user
INVENTORY ?= inventory/fleet
SHUTTLE ?=
LINES ?= 200
ANSIBLE_ARGS ?=
export ENGINE GPU BASE_IMAGE PIP_CONF RECOGNIZER_ETC RECOGNIZER_IMAGE

# One stamp per lock: set up again when a lock or the setup itself changes, otherwise not twice.
RUNTIME := .venv/.runtime-ready
DEV := .venv/.dev-ready
BUNDLE := .venv/.bundle-ready
DEPLOY := .venv-deploy/.ready

LOCK := .venv/bin/uv pip compile --universal --python-version 3.11 --upgrade \
	--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

# What a shuttle gets. `gpu` is not among them: see roles/gpu in deploy/ansible.
DEVICE_EXTRAS := asr device echo piper voiceprint webrtcvad

# Where the playbooks are, and their own settings. An inventory is named as it is seen from there.
IN_ANSIBLE := cd deploy/ansible && "$(CURDIR)/.venv-deploy/bin"
ON_SHUTTLES = --inventory $(INVENTORY) $(if $(SHUTTLE),--limit $(SHUTTLE))

# What has been compiled once is not compiled again by each worker and each process of a test.
unexport PYTHONDONTWRITEBYTECODE

# A file's tests stay in one worker, as they share what they start; files in the order of the command.
PYTEST := .venv/bin/python -m pytest --dist loadfile --no-loadscope-reorder
# Most of these tests mostly wait; the others have Ansible work.
TEST_WORKERS ?= 6
SYSTEM_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-system test-long real-models lint bench setup bundle deploy remote-status remote-logs \
	docker-build docker-run docker-logs docker-status docker-stop lock clean clean-machine

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Hear a remark that travels the real way (a WAV without a sound card)
	.venv/bin/shuttle-guide demo

test: $(DEV) $(DEPLOY) ## Unit and service tests, with sound (PYTEST_ARGS="-k ladder")
	$(PYTEST) -n $(TEST_WORKERS) tests/service tests/unit tests/sound -m "not long and not slow" $(PYTEST_ARGS)

test-system: $(DEV) $(DEPLOY) ## Slow ones, Ansible's roles here, and as root on machines that are booted in containers
	$(PYTEST) -n $(TEST_WORKERS) tests/service tests/sound -m "slow and not long" $(PYTEST_ARGS) || [ $$? -eq 5 ]  # none chosen
	$(PYTEST) -n $(SYSTEM_WORKERS) tests/system tests/roles -m "not long" $(PYTEST_ARGS)

test-long: $(DEV) $(DEPLOY) ## What takes other suites of machines, long, or real models
	.venv/bin/python -m pytest -m "long or real_models" $(PYTEST_ARGS)

real-models: $(DEV) ## The real weights that tests take, into models/ (REAL_MODELS=FOLDER or an address)
	.venv/bin/python -m tests.support.real_models $(if $(REAL_MODELS),--mirror "$(REAL_MODELS)")

lint: $(DEV) $(DEPLOY) ## ruff, mypy and ansible-lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	cd deploy/ansible && PATH="$(CURDIR)/.venv-deploy/bin:$$PATH" ansible-lint --offline

bench: $(DEV) ## The figures, against emulated clouds on loopback
	.venv/bin/python -m bench

setup: $(DEV) $(DEPLOY) ## System packages and .venv for development, and Ansible in .venv-deploy

bundle: $(BUNDLE) ## All that a shuttle needs, for a roll-out without the internet (BUNDLE_ARGS="--help")
	.venv/bin/python -m scripts.bundle $(BUNDLE_ARGS)

deploy: $(DEPLOY) ## Roll out to the fleet (SHUTTLE=shuttle-03 ANSIBLE_ARGS="--check" INVENTORY=…)
	$(IN_ANSIBLE)/ansible-playbook $(ON_SHUTTLES) playbooks/site.yml $(ANSIBLE_ARGS)

remote-status: $(DEPLOY) ## What runs where, and how it is (SHUTTLE=shuttle-03)
	$(IN_ANSIBLE)/ansible-playbook $(ON_SHUTTLES) playbooks/status.yml $(ANSIBLE_ARGS)

remote-logs: $(DEPLOY) ## The guide's journal of SHUTTLE=shuttle-03 (LINES=200)
	$(if $(SHUTTLE),,$(error expected SHUTTLE=…, the shuttle whose journal is wanted))
	$(IN_ANSIBLE)/ansible --inventory $(INVENTORY) --become $(SHUTTLE) --module-name ansible.builtin.command \
		--args "journalctl --unit=shuttle-guide* --lines=$(LINES) --no-pager" $(ANSIBLE_ARGS)

docker-build: ## The recognizer server's image (ENGINE=docker|podman|buildah GPU=1 BASE_IMAGE=…)
docker-run: ## Start it (RECOGNIZER_ETC=FOLDER); then docker-logs, docker-status, docker-stop
docker-build docker-run docker-logs docker-status docker-stop:
	deploy/fleet/recognizer/engine.sh $(@:docker-%=%)

lock: $(DEV) ## Resolve the newest versions within pyproject.toml into all locks
	rm -f requirements*.lock
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) pyproject.toml $(DEVICE_EXTRAS:%=--extra %) --constraint requirements-dev.lock \
		--output-file requirements-device.lock
	$(LOCK) --group deploy --output-file requirements-deploy.lock
	$(LOCK) pyproject.toml --group build --extra asr --constraint requirements-dev.lock \
		--output-file requirements-recognizer.lock
	$(LOCK) --group recognizer-gpu --output-file requirements-recognizer-gpu.lock

clean: ## Remove caches and outputs (keeps .venv)
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find bench edge scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-machine: ## Prove targets on a fresh booted machine (TARGET="test bundle" SUITE=trixie RUN_AS=root)
	tests/system/clean_machine.sh --suite $(SUITE) --as $(RUN_AS) $(TARGET)

$(RUNTIME): requirements.lock pyproject.toml scripts/setup.sh
	scripts/setup.sh runtime
	@touch $@

# The development lock holds everything of the runtime lock, so it satisfies the demo too.
$(DEV): requirements-dev.lock pyproject.toml scripts/setup.sh
	scripts/setup.sh dev
	@touch $@ $(RUNTIME)

$(BUNDLE): $(DEV)
	scripts/setup.sh bundle
	@touch $@

$(DEPLOY): requirements-deploy.lock scripts/setup.sh
	scripts/setup.sh deploy
	@touch $@
