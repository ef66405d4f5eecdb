# `make` alone says what there is to do. Recipes are short: the logic is in tests/tools and tests/cluster.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/.cluster/bin:$(CURDIR)/$(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)/tests:$(CURDIR)/operator/src
# A new lock file asks for a new stamp, so nobody works with yesterday's tools.
STAMP := $(VENV)/locked-$(firstword $(shell sha256sum requirements/dev.txt))

# Which cluster: the project's own, or the one named on make's own command line. A KUBECONFIG in the
# environment is ignored, so that nobody's cluster is touched by mistake.
OWN_KUBECONFIG := $(CURDIR)/.cluster/kubeconfig
ifeq ($(origin KUBECONFIG),command line)
  FOREIGN := yes
  ifneq ($(filter demo deploy images,$(MAKECMDGOALS)),)
    ifneq ($(origin IMAGE_PREFIX),command line)
      $(error IMAGE_PREFIX is missing: say where this cluster pulls images from, as in \
        make $(MAKECMDGOALS) KUBECONFIG=$(KUBECONFIG) IMAGE_PREFIX=registry.example/team)
    endif
  endif
else
  override KUBECONFIG := $(OWN_KUBECONFIG)
endif
export KUBECONFIG

CLUSTER := $(BIN)/python -m cluster
STEP := $(BIN)/python -m tools.step
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help
help: ## Show what you can do here
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z][a-z0-9-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  On a cluster of yours: make demo KUBECONFIG=~/.kube/config IMAGE_PREFIX=registry.example/team"

##@ See it work
.PHONY: demo
demo: $(STAMP) images ## Watch a WorkQueue go from zero to many workers and back
	@$(BIN)/python -m tools.deploy install --kubeconfig=$(KUBECONFIG)
	@$(BIN)/python -m demo --kubeconfig=$(KUBECONFIG)

##@ Work on it
.PHONY: check fmt generate verify lock lint-imports
check: $(STAMP) ## Format, lint, types, layers, unit and contract tests, chart: in a minute and a half, no cluster
	@$(BIN)/python -m tools.check $(ONLY)

fmt: $(STAMP) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

generate: $(STAMP) ## Write what is generated: the chart's CRD, the tables of README and docs
	@$(BIN)/python -m tools.generate

verify: generate ## Generate again and fail on a difference
	@git diff --exit-code -- charts docs operator README.md || { \
	  echo "error: generated files are stale; what to do: make generate, and commit the result"; exit 1; }

lock: $(STAMP) ## Lock the dependencies again: newest versions that the ranges allow, with hashes
	@$(BIN)/python -m tools.lock

lint-imports: $(STAMP)
	@PYTHONPATH=operator/src:worker-image/src:producer/src $(BIN)/lint-imports

##@ Test it
.PHONY: test own-cluster-only both-pythons integration e2e bench faults
test: own-cluster-only check cluster-up images both-pythons integration e2e ## Everything, on a real cluster that it brings itself

both-pythons: $(STAMP)
	@$(STEP) "unit and contract tests on the images' python" --usual 90 \
	  --hint "make check shows whether they fail on this python, too" -- \
	  $(CLUSTER) python313 -- python -m pytest -q

integration: own-cluster-only images ## Tests against the real broker and API server
	@$(STEP) "integration tests" --usual 620 --hint "make integration runs these alone" -- $(PYTEST) tests/integration

e2e: own-cluster-only images ## The stories, told on the real cluster
	@$(CLUSTER) binaries promtool
	@$(STEP) "end-to-end tests" --usual 1150 --hint "make e2e runs these alone" -- $(PYTEST) tests/e2e

bench: own-cluster-only deploy ## Measure at 1 to 10,000 WorkQueues; SIZES="1 100" FIGURES="rest" for a part
	@$(BIN)/python -m bench $(if $(SIZES),--sizes $(SIZES)) $(if $(FIGURES),--figures $(FIGURES))
	@$(BIN)/python -m tools.generate

faults: own-cluster-only deploy ## Let workers, broker, operator die, account for all tasks; FAULTS="drain" TASKS=2000
	@$(BIN)/python -m faults --keep $(if $(TASKS),--tasks $(TASKS)) $(if $(FAULTS),--faults $(FAULTS))
	@$(BIN)/python -m tools.generate

own-cluster-only:
	@$(if $(FOREIGN),echo "error: tests delete things and run on the project's own cluster only;\
	  what to do: leave KUBECONFIG= out (make demo and make deploy take it)"; exit 1,:)

##@ Run it
.PHONY: images cluster-up cluster-down deploy undeploy clean
images: $(STAMP) cluster-up ## Build the images and load them (on a cluster of yours: push them)
	@$(if $(FOREIGN),$(BIN)/python -m tools.deploy say --kubeconfig=$(KUBECONFIG))
	@$(if $(FOREIGN),$(CLUSTER) push --prefix=$(IMAGE_PREFIX),$(CLUSTER) images)

cluster-up: $(STAMP) ## Start the project's own Kubernetes and RabbitMQ (nothing leaves this machine)
	@$(if $(FOREIGN),:,$(CLUSTER) up)

cluster-down: $(STAMP) ## End exactly what cluster-up started
	@$(CLUSTER) down

deploy: $(STAMP) images ## Install or upgrade the operator with its chart
	@$(BIN)/python -m tools.deploy up --kubeconfig=$(KUBECONFIG)

undeploy: $(STAMP) ## Uninstall the operator; WorkQueues and queues stay
	@$(BIN)/python -m tools.deploy down --kubeconfig=$(KUBECONFIG)

clean: ## Remove what was built here, the cluster's state too (downloads stay cached)
	@[ ! -e .cluster ] || PYTHONPATH=tests $(PYTHON) -m cluster down --purge
	rm -rf build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(STAMP): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older \
	  than 3.11; what to do: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { echo "error: no venv module; what to do:\
	  apt-get install python3-venv"; exit 1; }
	@echo "  Installing the tools into $(VENV) (usually 60 s)"; mkdir -p build/logs
	@# The lock has everything; whatever pip would add to it is newer than what was tried.
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt \
	  >build/logs/venv.log 2>&1 || { tail -n 15 build/logs/venv.log; echo "  full log: build/logs/venv.log"; exit 1; }
	@rm -f $(VENV)/locked-*; touch $@
