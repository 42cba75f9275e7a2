#!/usr/bin/env bash
# Runs every check of the project. A fresh Debian machine needs nothing but Rust: what the tests use
# beside it is installed here. Nothing is skipped; what cannot be had is said, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n=== %s (after %d s)\n' "$*" "$SECONDS"; }

# A compiler's linker, a client for README's examples, a browser without a window, what reads maps, and what opens a network of a test's own.
packages=(gcc curl ca-certificates chromium-headless-shell gdal-bin iproute2)

# Said now, and not after all the rest.
bash tests/containers.sh --can-run

# What is asked of the commands below that build for release, and of the image, is whether they work, not how fast: a build's slowest step is left out.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=false

step "packages"
bash tests/install.sh "${packages[@]}"
command -v cargo >/dev/null || { echo "tests/run.sh: cargo is missing: install Rust (https://rustup.rs)" >&2; exit 1; }

step "format"
cargo fmt --all --check

step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

step "tests that need Rust alone"
cargo test --locked

step "names, by a name server"
bash tests/dns.sh

step "tests in a browser"
bash tests/npm.sh
cargo test --locked --package browser-tests

step "README's commands"
bash tests/readme.sh

bash tests/containers.sh

step "all checks passed"
