# Every target does its own set-up on a fresh Debian 12.  `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

RUNTIME := $(or $(BERTH_RUNTIME),docker:)
# What uses a Docker Engine runs through this, which makes sure that one answers.
comma := ,
WITH_DOCKER := $(if $(filter docker: docker:///%,$(subst $(comma), ,$(RUNTIME))),tools/dockerd.sh,)
VAR := $(or $(BERTH_VAR),var)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build build/berth
	@tools/setup.sh build
	@test -f build/build.ninja || meson setup build >/dev/null
	@ninja -C build --quiet berth

.PHONY: run
run: build ## Build, make the example images and a demo tenant, and serve on 127.0.0.1:8080
	@$(if $(WITH_DOCKER),$(WITH_DOCKER) tools/images.sh,:)
	@BERTH_RUNTIME="$(RUNTIME)" BERTH_VAR="$(VAR)" \
	 BERTH_CHALLENGES="$${BERTH_CHALLENGES:-examples/challenges}" \
	 exec $(WITH_DOCKER) build/berth serve --demo

.PHONY: test
test: ## Run every test: AddressSanitizer and UBSan, then ThreadSanitizer
	@tools/setup.sh build run test lint
	@tools/dockerd.sh tools/test.sh

.PHONY: bench
bench: ## Measure, and write bench/RESULTS.md
	@tools/setup.sh build run bench test
	@tools/dockerd.sh bench/run.py

.PHONY: lint
lint: ## Check form, layers, banned calls, and what clang-tidy sees
	@tools/setup.sh build lint
	@tools/lint.sh

.PHONY: fuzz
fuzz: ## Run each fuzzer for FUZZ_SECONDS (60)
	@tools/setup.sh build fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz.sh

.PHONY: docs
docs: build ## Write the pages of docs/ that are made from tables
	@ninja -C build --quiet src/cli/berth-docs
	@python3 tools/docs.py build/src/cli/berth-docs configuration docs/configuration.md
	@python3 tools/docs.py build/src/cli/berth-docs emulate docs/emulate.md
	@python3 tools/docs.py build/src/cli/berth-docs man docs/berth.1

.PHONY: install
install: ## Install to PREFIX (/usr/local), below DESTDIR
	@tools/setup.sh build
	@test -f build-release/build.ninja || \
	 meson setup build-release --buildtype=release --prefix=$(PREFIX) >/dev/null
	@meson configure build-release --prefix=$(PREFIX)
	@ninja -C build-release --quiet
	@DESTDIR="$(DESTDIR)" meson install -C build-release

.PHONY: clean
clean: ## Remove what was built; var/ stays
	rm -rf build build-asan build-tsan build-fuzz build-lint build-release
