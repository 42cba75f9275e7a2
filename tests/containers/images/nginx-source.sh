#!/usr/bin/env bash
# Prints the folder of nginx's source, which the crate nginx-src carries: Debian's nginx is older than what
# nginx.conf needs (1.27.3, for `resolve`), and no image has to be pulled.
set -euo pipefail

crate=nginx-src version=1.28.5+1.28.3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/src"
touch "$scratch/src/lib.rs"
cat >"$scratch/Cargo.toml" <<TOML
[package]
name = "fetch"
edition = "2024"
[dependencies]
$crate = "=${version%+*}"
TOML
cargo fetch --quiet --manifest-path "$scratch/Cargo.toml"
cargo metadata --quiet --offline --format-version 1 --manifest-path "$scratch/Cargo.toml" |
    python3 -c 'import json, os, sys
name, version = sys.argv[1:]
for package in json.load(sys.stdin)["packages"]:
    if (package["name"], package["version"]) == (name, version):
        print(os.path.dirname(package["manifest_path"]) + "/nginx")' "$crate" "$version"
