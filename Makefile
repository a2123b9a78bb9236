# What people do here; `make help` lists it. Each target is a line or two, so that the commands are plain to see.

CARGO ?= cargo
# The example that `make run` serves, and where.
EXAMPLE ?= quickstart
LISTEN ?= 127.0.0.1:7988
# The images that `make image` writes; empty: all. PROFILE, REGISTRY and TAG: see scripts/images.
IMAGES ?=
# The images of `make e2e`, and the `troupe` in them.
E2E_IMAGES = $(CURDIR)/target/e2e
E2E_PROGRAM = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/$(shell uname -m)-unknown-linux-gnu/quick/troupe
# What `make test` tests, such as `make test TEST='--package troupe-core'`.
TEST ?= --workspace

.DEFAULT_GOAL := help
.PHONY: help build image run test e2e check bench bench-operator fmt generate peers cluster

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build `troupe` for use, optimised: target/release/troupe
	$(CARGO) build --release --package troupe-runtime --package troupe-bridge

image: ## Write the container images as OCI archives to target/images, without a container engine (IMAGES=…, PROFILE=quick)
	@CARGO='$(CARGO)' scripts/images $(IMAGES)

run: ## Build quickly and serve examples/quickstart (EXAMPLE=…) on 127.0.0.1:7988 (LISTEN=…)
	@EXAMPLE='$(EXAMPLE)' LISTEN='$(LISTEN)' CARGO='$(CARGO)' scripts/run

test: peers cluster ## Run all tests; third-party programs that some of them talk to are installed first
	$(CARGO) test $(TEST)

e2e: ## Test on a real Kubernetes node, as root, with images that are built quickly
	tests/cluster/install.sh control-plane chart node >/dev/null
	CARGO='$(CARGO)' OUT=$(E2E_IMAGES) PROFILE=quick TAG= REGISTRY= scripts/images \
		troupe troupe-operator troupe-mcp-bridge troupe-sandbox troupe-mcp troupe-model-server
	TROUPE_E2E_IMAGES=$(E2E_IMAGES) TROUPE_E2E_PROGRAM=$(E2E_PROGRAM) $(CARGO) test --package troupe-test-cluster --test node --test whole

check: ## Formatting, lints, and whether what is generated is up to date
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	$(CARGO) test --quiet --package troupe-crds --test manifests
	$(CARGO) test --quiet --package troupe-runtime --lib openapi

bench: ## Measure: every figure beside its baseline of the same run
	$(CARGO) build --release --package troupe-runtime --package troupe-model-server --package troupe-bench
	target/release/troupe-bench suite

bench-operator: cluster ## Measure the operator, and a runtime, with 10,000 Agents on a real API server
	$(CARGO) build --release --package troupe-runtime
	TROUPE_BIN=$(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/release/troupe $(CARGO) test --release --package troupe-operator --test scale -- --ignored --nocapture

fmt: ## Format the code
	$(CARGO) fmt --all

generate: ## Write what is generated: crds/*.yaml with the chart's copies, runtime/openapi.json
	$(CARGO) run --quiet --package troupe-crds --example crdgen
	$(CARGO) run --quiet --package troupe-runtime --example openapi

# A peer that cannot be installed is reported there, and its tests are skipped.
peers:
	-@tests/peers/install.sh

# A real API server for the tests that want one: built once, minutes, and found again by every clone.
cluster:
	-@tests/cluster/install.sh control-plane chart >/dev/null
