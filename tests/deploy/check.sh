#!/usr/bin/env bash
# Are the manifests what they should be? Each is read by the tools of its own kind; nothing is started but the program itself.
# Needs the tools of requirements.txt on the path, and promtool.
set -euo pipefail
cd "$(dirname "$0")/../.."

hadolint Dockerfile
# Images for tests alone: Debian's current packages, whatever their versions.
hadolint --ignore DL3008 --ignore DL3066 tests/containers/images/*.Dockerfile

check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
compose-lint docker-compose.yml
for profile in balancer nginx haproxy observe; do
    docker-compose --profile "$profile" config --quiet
done
# The whole set of profiles has no service that another hides.
docker-compose --profile '*' config --services | sort | tr '\n' ' ' |
    grep -qx 'balancer frontend grafana haproxy nginx prometheus worker ' ||
    { echo "docker-compose.yml: its services are others than those that are checked here" >&2; exit 1; }

gixy nginx/nginx.conf

(
    cd deploy/observe
    promtool check config prometheus.yml
    promtool check rules recording.yml alerts.yml
    promtool test rules alerts.test.yml
)
python3 tests/deploy/observe.py

cmp deploy/balancer.toml deploy/kubernetes/base/balancer.toml
# As tests/readme.sh builds it.
target=$(rustc --print host-tuple)
RUSTFLAGS='-C target-feature=+crt-static' cargo build --quiet --release --locked --target "$target"
python3 tests/deploy/kubernetes --binary "target/$target/release/tilebrot"
