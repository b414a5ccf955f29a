#!/bin/sh
# What one macro call costs the user: builds an outside crate with one call of overlap_system! and reports CPU seconds
# (user) and peak memory of rustc over a crate that only links `overlap`.
#
# Usage: benches/compile_time.sh [debug|release|check]; default release. Needs cargo and GNU time or bash.
set -eu

mode=${1:-release}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=${COMPILE_TIME_TARGET:-$here/target/compile-time}
mkdir -p "$work/src"
cp "$here/Cargo.lock" "$work/"
cat > "$work/Cargo.toml" <<TOML
[package]
name = "outside"
version = "0.1.0"
edition = "2024"

[dependencies]
overlap = { path = "$here" }

[workspace]
TOML

# Wraps rustc: the crate `outside` is timed, everything else only compiled.
cat > "$work/rustc.py" <<'PYTHON'
import os, resource, subprocess, sys
arguments = sys.argv[1:]
code = subprocess.call(arguments, close_fds=False)
if "outside" in arguments:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.environ["COMPILE_TIME_LOG"], "a") as log:
        log.write(f"{usage.ru_utime + usage.ru_stime:.3f} {usage.ru_maxrss / 1024:.0f}\n")
sys.exit(code)
PYTHON
printf '#!/bin/sh\nexec python3 "%s" "$@"\n' "$work/rustc.py" > "$work/rustc.sh"
chmod +x "$work/rustc.sh"
export RUSTC_WRAPPER="$work/rustc.sh" COMPILE_TIME_LOG="$work/log" CARGO_INCREMENTAL=0

case $mode in
    release) command="build --release" ;;
    debug) command="build" ;;
    check) command="check" ;;
    *) echo "debug, release or check, not $mode" >&2; exit 2 ;;
esac

# The least of three: CPU seconds and megabytes.
measure() {
    printf '#![allow(unused)]\nuse overlap::*;\n%s\nfn main() { %s }\n' "$1" "$2" > "$work/src/main.rs"
    : > "$work/log"
    for _ in 1 2 3; do
        touch "$work/src/main.rs"
        # shellcheck disable=SC2086
        cargo $command --quiet --offline --manifest-path "$work/Cargo.toml" --target-dir "$target"
    done
    sort -n "$work/log" | head -n 1
}

base=$(measure "" "")
echo "empty crate, $mode: $base (CPU s, MB)"
for call in "k = 1, p = 1, act = erf" "k = 2, p = 2, act = erf" "k = 3, p = 3, act = erf" "k = 4, p = 8, act = erf" \
    "k = 4, p = 8, act = erf, second_layer = trained" "k = 4, p = 8, act = erf, jacobian = true" "k = 8, p = 32, act = erf" "k = 8, p = 64, act = erf"; do
    result=$(measure "overlap_system!(Declared: $call);" \
        'let system: &dyn System = std::hint::black_box(&Declared); println!("{}", system.name());')
    echo "$call: $result; over the empty crate $(echo "$base $result" | awk '{printf "%.2f s, %.0f MB", $3 - $1, $4 - $2}')"
done
