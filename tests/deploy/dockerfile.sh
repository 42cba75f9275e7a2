#!/usr/bin/env bash
# Does the Dockerfile keep what others wrote, and take a binary from outside? Runs after the image was built once.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "tests/deploy/dockerfile.sh: $*" >&2; exit 1; }
scratch=$(mktemp -d) log=$(mktemp)
outside=target/$(uname -m)-unknown-linux-gnu/release/tilebrot
trap 'rm -rf "$scratch" "$log"' EXIT

# Files with their times, which layers hold. A change of our own sources leaves the layer of the dependencies as it is.
git ls-files -z | xargs -0 cp --parents --preserve=timestamps -t "$scratch"
echo '// changed' >>"$scratch/src/main.rs"
echo '// changed' >>"$scratch/crates/fractal/src/lib.rs"
# shellcheck disable=SC2086 # several words
docker build --progress plain $IMAGE_ARGS --target dependencies "$scratch" >"$log" 2>&1 ||
    { cat "$log" >&2; fail "the dependencies do not build"; }
grep -A2 'RUN cargo build' "$log" | grep -q CACHED || fail "a changed source builds the dependencies again"

# The same binary, built outside, makes the same image, without any base image.
mkdir -p "$scratch/${outside%/*}"
container=$(docker create "$TILEBROT_IMAGE")
docker cp "$container:/tilebrot" "$scratch/$outside"
docker rm "$container" >/dev/null
docker build --quiet --build-arg RUST_IMAGE=there-is-no-such-image --build-arg BINARY="$outside" --tag "$TEST_IMAGES/outside" "$scratch" >/dev/null
layers() { docker image inspect --format '{{json .RootFS.Layers}}' "$1"; }
[[ $(layers "$TILEBROT_IMAGE") == "$(layers "$TEST_IMAGES/outside")" ]] || fail "a binary from outside makes another image"
docker run --rm "$TEST_IMAGES/outside" --version
echo "Dockerfile: dependencies are kept, and a binary from outside is taken"
