# What people do here; `make help` lists it. Each target is a line or two, so that the commands are plain to see.

CARGO ?= cargo
# The example that `make run` serves, and where.
EXAMPLE ?= quickstart
LISTEN ?= 127.0.0.1:7988
# The images that `make image` writes; empty: all. PROFILE, REGISTRY and TAG: see scripts/images.
IMAGES ?=
# The images of `make e2e`, the profile of the programs in them, and the folder of that.
E2E_IMAGES = $(CURDIR)/target/e2e
E2E_PROFILE = dev
E2E_PROGRAMS = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/debug
# Its suites. Cargo chooses features for the workspace as a whole, as for `make test`, so that nothing is compiled twice.
E2E = --test node --test images --test whole
# With an example among what is built Cargo chooses the dependencies' features as it does for tests: nothing is compiled twice.
LIKE_TESTS = --workspace --example crdgen
# What `make test` tests, such as `make test TEST='--package troupe-core'`.
TEST ?= --workspace

.DEFAULT_GOAL := help
.PHONY: help build console image run test e2e check bench bench-web bench-operator bench-edits fmt generate peers cluster

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: console ## Build `troupe` for use, optimised: target/release/troupe
	$(CARGO) build --release --package troupe-runtime --package troupe-bridge

console: ## Build the console, web/dist, which the programs compile in; says so where Node.js is missing
	@scripts/console

image: console ## Write the container images as OCI archives to target/images, without a container engine (IMAGES=…, PROFILE=quick)
	@CARGO='$(CARGO)' scripts/images $(IMAGES)

run: console ## Build quickly and serve examples/quickstart (EXAMPLE=…) on 127.0.0.1:7988 (LISTEN=…)
	@EXAMPLE='$(EXAMPLE)' LISTEN='$(LISTEN)' CARGO='$(CARGO)' scripts/run

test: peers cluster console ## Run all tests; third-party programs that some of them talk to are installed first
	$(CARGO) test $(TEST)
ifeq ($(TEST),--workspace)
	$(CARGO) build $(LIKE_TESTS) --bin troupe --bin troupe-model-server
	@scripts/console test
endif

e2e: console ## Test on a real Kubernetes node, as root, with images of their own (E2E='--test whole' for one suite)
	@[ "$$(id -u)" = 0 ] || { echo 'e2e: a node can only be started by root: it is made of namespaces, mounts and cgroups' >&2; exit 1; }
	tests/cluster/install.sh control-plane chart node >/dev/null
	CARGO='$(CARGO)' OUT=$(E2E_IMAGES) PROFILE=$(E2E_PROFILE) TAG= REGISTRY= scripts/images \
		troupe troupe-operator troupe-mcp-bridge troupe-sandbox troupe-mcp troupe-model-server
	TROUPE_E2E_IMAGES=$(E2E_IMAGES) TROUPE_E2E_PROGRAM=$(E2E_PROGRAMS)/troupe $(CARGO) test --workspace $(E2E)

check: ## Formatting, lints, and whether what is generated is up to date
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	$(CARGO) test --quiet --package troupe-crds --test manifests
	$(CARGO) test --quiet --package troupe-runtime --lib openapi
	@scripts/console check

bench: ## Measure: every figure beside its baseline of the same run
	$(CARGO) build --release --package troupe-runtime --package troupe-model-server --package troupe-bench
	target/release/troupe-bench suite

bench-web: console ## Measure the console in a browser: weight, first paint, frames of a stream, opening of a long conversation
	$(CARGO) build --release --package troupe-runtime --package troupe-model-server
	@scripts/console bench

bench-operator: cluster ## Measure the operator, and a runtime, with 10,000 Agents on a real API server
	$(CARGO) build --release --package troupe-runtime
	TROUPE_BIN=$(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/release/troupe $(CARGO) test --release --package troupe-operator --test scale -- --ignored --nocapture

# Of optimised programs, as a cluster has them.
bench-edits: ## Measure on a real node, as root, how soon an edited prompt is served under streams
	$(MAKE) e2e E2E='--test whole -- latency' E2E_PROFILE=release \
		E2E_PROGRAMS=$(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/$(shell uname -m)-unknown-linux-gnu/release

fmt: ## Format the code
	$(CARGO) fmt --all

generate: ## Write what is generated: crds/*.yaml with the chart's copies, runtime/openapi.json, the console's types
	$(CARGO) run --quiet --package troupe-crds --example crdgen
	$(CARGO) run --quiet --package troupe-runtime --example openapi
	@scripts/console generate

# A peer that cannot be installed is reported there, and its tests are skipped.
peers:
	-@tests/peers/install.sh

# A real API server for the tests that want one: built once, minutes, and found again by every clone.
cluster:
	-@tests/cluster/install.sh control-plane chart >/dev/null
