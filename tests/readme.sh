#!/usr/bin/env bash
# Runs every command of README.md as it is written there, in its order, and looks at what comes back.
#
#     bash tests/readme.sh                   those that need Rust alone
#     bash tests/readme.sh containers        those that need a container engine with the image on it
#
# Servers go on in the background until the end; the command that runs the tests is what runs this.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "tests/readme.sh: $*" >&2; exit 1; }

which=${1:-rust}
# One of the commands builds for a named target, linked statically. Whoever says so for all of them builds once.
CARGO_BUILD_TARGET=$(rustc --print host-tuple)
export CARGO_BUILD_TARGET RUSTFLAGS='-C target-feature=+crt-static'
[[ $which == containers ]] || cargo build --release --locked
scratch=$(mktemp -d)
servers=()
end() {
    for server in "${servers[@]}"; do kill -TERM "$server" 2>/dev/null || true; done
    for server in "${servers[@]}"; do wait "$server" || true; done
    rm -rf "$scratch"
}
trap end EXIT

# Starts a server and waits for its first line, which says where it listens.
serve() {
    local out=$scratch/server-${#servers[@]}
    bash -c "exec $1" >"$out" &
    servers+=($!)
    for _ in $(seq 600); do
        if grep -q '^listening on http://' "$out"; then return; fi
        kill -0 "${servers[-1]}" 2>/dev/null || fail "ended instead of listening: $1"
        sleep 0.1
    done
    fail "did not listen within a minute: $1"
}

# Every line of the fenced blocks marked `sh`, with continued lines joined.
commands() { awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md | sed -e ':a' -e '/\\$/N; s/\\\n *//; ta'; }

ran=0
while IFS= read -r command; do
    case $which:$command in
    *: | *:'#'*) continue ;;
    *:'bash tests/run.sh') ;;
    *:'cargo test') ;; # run.sh has run it just before
    rust:docker* | rust:*crt-static*) continue ;;
    containers:docker* | containers:*crt-static*)
        echo "+ $command"
        bash -c "$command" || fail "failed: $command"
        if [[ $command =~ worker=([0-9]+) ]]; then
            [[ $(docker compose ps --quiet worker | wc -l) == "${BASH_REMATCH[1]}" ]] || fail "not so many workers: $command"
            page=$(curl --fail --silent --show-error --retry 9 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080/)
            grep -q '<form' <<<"$page" || fail "no page after: $command"
        fi
        ;;
    containers:*) continue ;;
    *' -- render '*)
        echo "+ $command"
        bash -c "$command"
        mv ./*.png "$scratch"
        ;;
    *:'cargo run --release'*)
        echo "+ $command &"
        serve "$command"
        ;;
    *)
        echo "+ $command"
        (cd "$scratch" && bash -euo pipefail -c "$command") || fail "failed: $command"
        ;;
    esac
    ran=$((ran + 1))
done < <(commands)
((ran >= 6)) || fail "README.md has $ran commands: were its blocks found?"
if [[ $which == containers ]]; then
    echo "README.md: $ran commands with containers ran"
    exit
fi

# What the examples promise.
page=$(curl --fail --silent --show-error http://127.0.0.1:8080/)
grep -q '<form' <<<"$page" || fail "the page at 8080 has no form"
is_png() { [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || fail "$1 is no PNG"; }
for png in "$scratch"/*.png; do is_png "$png"; done
for npy in "$scratch"/*.npy; do
    [[ $(head -c 6 "$npy" | tail -c 5) == NUMPY ]] || fail "$npy is no NumPy file"
done

# SIGTERM drains and exits 0.
for server in "${servers[@]}"; do
    kill -TERM "$server"
    wait "$server" || fail "a server ended with $? after SIGTERM"
done
servers=()
echo "README.md: $ran commands ran"
