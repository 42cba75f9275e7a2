#!/usr/bin/env bash
# Lays axe-core (Deque, MPL-2.0), with which the browser's tests look for what keeps people out, into the folder for tests. It is
# no part of the program. Which registry it comes from is a matter of npm's own settings; what comes is compared with what is known.
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.14.1
sum=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c

folder="${CARGO_TARGET_DIR:-target}/tmp/axe-core"
whole() { echo "$sum  $folder/axe.min.js" | sha256sum --check --status 2>/dev/null; }

whole && exit 0
command -v npm >/dev/null || bash tests/install.sh npm
echo "fetching axe-core $version"
mkdir -p "$folder"
archive="$(cd "$folder" && npm pack --silent "axe-core@$version")"
tar --extract --gzip --file "$folder/$archive" --directory "$folder" --strip-components 1 package/axe.min.js package/LICENSE
rm "$folder/$archive"
whole || { echo "tests/axe.sh: axe-core $version is not what it was" >&2; exit 1; }
