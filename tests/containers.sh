#!/usr/bin/env bash
# Runs every check of what is deployed: the manifests, and then the cluster itself in containers, on a real engine.
# A running engine is used; without one, a Docker engine is installed and started here, and stopped at the end.
# No image is pulled: all are made of Debian's packages.
#
#     bash tests/containers.sh                     everything
#     bash tests/containers.sh scaling::           the same, with those tests alone whose names contain this
#     bash tests/containers.sh --can-run           whether there is an engine, or the right to start one
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n=== %s (after %d s)\n' "$*" "$SECONDS"; }
fail() { echo "tests/containers.sh: $*" >&2; exit 1; }

((EUID == 0)) || docker info >/dev/null 2>&1 ||
    fail "no container engine answers, and starting one needs root: start Docker, or run this as root"
if [[ ${1:-} == --can-run ]]; then exit; fi

source tests/containers/engine.sh
scratch=$(mktemp -d)
end() {
    trap '' INT TERM HUP # asked again, it still cleans up
    [[ ! $bridge ]] || end_engine
    rm -rf "$scratch"
}
trap end EXIT

step "tools"
bash tests/install.sh docker.io iptables iproute2 debootstrap python3 python3-venv
/usr/bin/python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/deploy/requirements.txt
mkdir -p "$scratch/bin" "$scratch/docker/cli-plugins"
ln -s "$scratch/venv/bin/docker-compose" "$scratch/docker/cli-plugins/docker-compose"
export DOCKER_CONFIG=$scratch/docker DOCKER_BUILDKIT=1 PATH=$scratch/bin:$PATH
# Debian's client builds without a plugin, which others before it on the path may need.
ln -s /usr/bin/docker "$scratch/bin/docker"

if docker info >/dev/null 2>&1; then
    step "images, on the engine that runs"
else
    step "images, on an engine of our own"
    start_engine "$scratch/engine"
fi

images=tests/containers/images
export TILEBROT_IMAGE=tilebrot-test/tilebrot TEST_IMAGES=tilebrot-test
debian=$TEST_IMAGES/debian
bash $images/debian.sh "$debian"
build() { docker build --quiet --build-arg DEBIAN="$debian" --file "$images/$1.Dockerfile" --tag "$TEST_IMAGES/$1" "${2:-$images}" >/dev/null; }
for image in rust haproxy prometheus engine; do build "$image"; done
build nginx "$(bash $images/nginx-source.sh)"
export NGINX_IMAGE=$TEST_IMAGES/nginx HAPROXY_IMAGE=$TEST_IMAGES/haproxy PROMETHEUS_IMAGE=$TEST_IMAGES/prometheus

step "manifests"
cat >"$scratch/bin/promtool" <<'SH'
#!/bin/sh
exec docker run --rm --volume "$PWD:/here:ro" --workdir /here --entrypoint promtool "$PROMETHEUS_IMAGE" "$@"
SH
chmod +x "$scratch/bin/promtool"
PATH=$scratch/venv/bin:$PATH bash tests/deploy/check.sh

step "tilebrot's image"
export IMAGE_ARGS="--build-arg RUST_IMAGE=$TEST_IMAGES/rust --build-arg LTO=off --build-arg CODEGEN_UNITS=16"
# shellcheck disable=SC2086 # several words
docker build --quiet $IMAGE_ARGS --tag "$TILEBROT_IMAGE" .
bash tests/deploy/dockerfile.sh

step "tests in containers"
cargo test --locked --package container-tests -- --test-threads 1 "$@"

step "README's commands with containers"
docker tag "$TILEBROT_IMAGE" tilebrot
unset TILEBROT_IMAGE
bash tests/readme.sh containers
