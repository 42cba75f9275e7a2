#!/usr/bin/env bash
# Lays what the browser's tests take from others into the folder for tests: Leaflet, OpenSeadragon and OpenLayers, in which they look
# at tiles, axe-core, with which they look for what keeps people out, and the last of TypeScript's compilers that is a script itself,
# which reads the pages' scripts. It is no part of the program. Which registry it comes from is a matter of npm's own settings; what
# comes is compared with what is known.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    leaflet@1.9.4=84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77
    openseadragon@6.1.1=b4ab2942f33b90e0448e4d20fc5ed14cee049f1f3ae49d70afd4b05e9a2f92d0
    typescript@5.9.3=10e108c9cf7d5f2879053dff18515fb405abf2ccef63eaaf017d9c571687a1d3
    axe-core@4.14.1=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
    ol@10.6.1=359792ea5ed6c0c9e69ceaf1066f82da51e620fc5a31a874ebbba299f1f40fdb
)
folder="${CARGO_TARGET_DIR:-target}/tmp/npm"

[[ ${packages[*]} == "$(cat "$folder/all" 2>/dev/null)" ]] && exit 0
command -v npm >/dev/null || bash tests/install.sh npm
rm -rf "$folder"
for known in "${packages[@]}"; do
    package=${known%=*}
    echo "fetching $package"
    own=$folder/${package%@*}
    mkdir -p "$own"
    archive="$own/$(cd "$own" && npm pack --silent "$package")"
    echo "${known#*=}  $archive" | sha256sum --check --status || { echo "tests/npm.sh: $package is not what it was" >&2; exit 1; }
    tar --extract --gzip --file "$archive" --directory "$own" --strip-components 1
    rm "$archive"
done
# Last, so that what broke off is fetched again.
echo "${packages[*]}" >"$folder/all"
