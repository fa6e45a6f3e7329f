# `make run` sets up, builds and starts Dealdesk; `make test` sets up and runs everything that CI runs.
.POSIX:
CARGO = cargo
# Where cargo puts the program; the variable may name a folder outside the clone.
TARGET = $${CARGO_TARGET_DIR:-target}

.PHONY: run test lint fmt bench setup

run:
	@scripts/setup run
	@echo "building (some minutes the first time)"
	@$(CARGO) build --release --locked --quiet
	@exec "$(TARGET)/release/dealdesk" serve

test: lint
	@echo "== build"
	@$(CARGO) build --workspace --locked --quiet
	@echo "== tests"
	@$(CARGO) test --workspace --locked --quiet
	@echo "== documentation"
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; else \
	    echo "skipped: cargo deny (not installed); tests/dependencies.rs checked bans, licences and doubles"; fi

setup:
	@scripts/setup test

lint: setup
	@echo "== format and lints (compiles the dependencies the first time)"
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings

fmt:
	@$(CARGO) fmt --all

bench:
	@scripts/setup run
	@$(CARGO) bench -p tests --locked
