#!/usr/bin/env bash
# Lays the viewers that the tests show tiles in into target/viewers, by npm. They are only for the tests, and nothing of them is kept here.
set -euo pipefail
cd "$(dirname "$0")/.."

viewers=(leaflet@1.9.4 openseadragon@6.1.1 ol@10.6.1)
folder=target/viewers

[[ ${viewers[*]} == "$(cat "$folder/all" 2>/dev/null)" ]] && exit 0
command -v npm >/dev/null || { echo "tests/viewers.sh: npm is missing: sudo apt-get install npm" >&2; exit 1; }
echo "fetching ${viewers[*]}"
rm -rf "$folder"
for viewer in "${viewers[@]}"; do
    own=$folder/${viewer%@*}
    mkdir -p "$own"
    npm pack --silent --ignore-scripts --pack-destination "$own" "$viewer" >/dev/null
    tar -xzf "$own"/*.tgz -C "$own" --strip-components=1
    rm "$own"/*.tgz
done
# Last, so that what broke off is fetched again.
echo "${viewers[*]}" >"$folder/all"
