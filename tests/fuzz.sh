#!/usr/bin/env bash
# tests/fuzz.sh [SECONDS [NAME]]: looks for inputs that break what the tests with `bolero::check!` say, led by the code that
# each input reaches (libFuzzer); in `cargo test` the same tests only try random ones, for a second. Each runs for SECONDS (600),
# or those with NAME in their names. What reached something new stays in target/fuzz/corpus, and the next run goes on from
# there. A finding fails the run, stays in target/fuzz/findings, and is tried first from then on.
#
# Needs no nightly compiler: LLVM's coverage pass is a stable flag, and bolero brings libFuzzer's source. What cargo-bolero does beside
# that is done here, since it builds and runs every test of a package, twice, to name a few.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
wanted=${2:-}
work=target/fuzz

fail() { echo "tests/fuzz.sh: $*" >&2; exit 1; }

[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "SECONDS is a whole number from 1 on, and not $seconds"
# Compiles libFuzzer.
bash tests/install.sh g++

# As cargo-bolero has them. What the compiler runs itself is left alone by naming a target, and so are other builds by a folder of its own.
flags=(--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module)
for flag in level=4 inline-8bit-counters pc-table trace-compares stack-depth; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$flag")
done
host=$(rustc -vV | sed -n 's/^host: //p')
mapfile -t packages < <(cargo tree --locked --workspace --invert bolero --depth 1 --prefix none | sed '1d; s/ .*//')
# Cargo says in JSON what it has built.
messages=$(RUSTFLAGS=${flags[*]} cargo test --locked --profile fuzz --target "$host" --target-dir "$work/build" "${packages[@]/#/--package=}" \
    --lib --no-run --message-format json-render-diagnostics)
mapfile -t binaries < <(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' <<<"$messages")

# Asked to, bolero says what it would run instead of running it: a line of JSON for each.
targets=()
for binary in "${binaries[@]}"; do
    while read -r name; do targets+=("$name $binary"); done < <(
        CARGO_BOLERO_SELECT=all "$binary" --nocapture 2>/dev/null | sed -n 's/.*"__bolero_target".*"test_name":"\([^"]*\)".*/\1/p' | sort
    )
done
written=$(grep -r --include='*.rs' --exclude-dir=target --only-matching --no-filename 'bolero::check!' . | wc -l)
((${#targets[@]} == written && written > 0)) || fail "${#targets[@]} targets are in the libraries' tests, $written in the sources"

# What failed says where it did; the way there is all of bolero's.
export BOLERO_LIBTEST_HARNESS=1 RUST_BACKTRACE=0
failed=0 ran=0
printf '%10s %12s %8s %8s  %s\n' seconds executions cov ft target
for target in "${targets[@]}"; do
    read -r name binary <<<"$target"
    [[ $name == *"$wanted"* ]] || continue
    ran=1
    corpus=$work/corpus/${name//::/.} findings=$work/findings/${name//::/.} log=$work/${name//::/.}.log
    mkdir -p "$corpus" "$findings"
    before=$SECONDS outcome=0
    BOLERO_TEST_NAME=$name BOLERO_LIBFUZZER_ARGS="$corpus $findings -artifact_prefix=$findings/ -max_total_time=$seconds -timeout=10" \
        "$binary" "$name" --exact --nocapture --quiet --test-threads 1 >"$log" 2>&1 || outcome=$?
    # The last line of progress: "#EXECUTIONS WHAT cov: … ft: … …".
    read -r executions cov ft < <(sed -n 's/^#\([0-9]*\).* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 \2 \3/p' "$log" | tail -n 1) || true
    printf '%10d %12d %8d %8d  %s\n' $((SECONDS - before)) "${executions:-0}" "${cov:-0}" "${ft:-0}" "$name"
    if ((outcome)) || ! grep --quiet '^#[0-9]*.DONE' "$log"; then
        failed=1
        tail -n 40 "$log" >&2
        echo "tests/fuzz.sh: $name found something; the input is in $findings, all that was said in $log" >&2
    fi
done
((ran)) || fail "no target has $wanted in its name: ${targets[*]%% *}"
exit "$failed"
