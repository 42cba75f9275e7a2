#!/usr/bin/env bash
# Runs the test of names that come and go with a name server of its own (balancer/tests/dns), in a network and with a
# /etc/resolv.conf that nobody else sees. Making those needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "tests/dns.sh: $*" >&2; exit 1; }

if [[ ${1:-} != --inside ]]; then
    ((EUID == 0)) || fail "a network of its own, with port 53, needs root: run this as root"
    # Inside there is no other network.
    cargo test --locked --test dns --no-run
    exec unshare --net --mount bash tests/dns.sh --inside
fi

[[ $(ip -brief address show up) ]] && fail "this is no network of its own: run tests/dns.sh without --inside"
ip link set lo up
resolver=$(mktemp)
trap 'rm -f "$resolver"' EXIT
echo "nameserver 127.0.0.1" >"$resolver"
chmod 644 "$resolver"
mount --bind "$resolver" /etc/resolv.conf
cargo test --locked --offline --test dns
