#!/usr/bin/env bash
# Makes the image that the tests' other images begin from: Debian bookworm, by debootstrap, since no image has to
# be pulled for that. Takes its name.
set -euo pipefail

name=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase --include=ca-certificates,curl bookworm "$root/debian" >"$root/log" ||
    { tail -20 "$root/log" >&2; exit 1; }
printf 'deb http://deb.debian.org/%s main\n' 'debian bookworm' 'debian bookworm-updates' 'debian-security bookworm-security' \
    >"$root/debian/etc/apt/sources.list"
# The certificates that this machine trusts: behind a proxy that looks into TLS, Debian's own are not enough.
cp /etc/ssl/certs/ca-certificates.crt "$root/debian/etc/ssl/certs/"
rm -rf "$root"/debian/var/cache/apt/archives/*.deb "$root"/debian/var/lib/apt/lists/*
tar -C "$root/debian" -c . | docker import - "$name" >/dev/null
