#!/usr/bin/env bash
# How busy a sweep of 10,000 short solves keeps its threads: of the time that passes, the part in which they run or wait for
# a core that others have (the last two numbers of /proc/PID/task/TID/schedstat), and the part in which they run.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release --example committee_cli
program=$PWD/target/release/examples/committee_cli
threads=${1:-$(nproc)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/sweep.toml" << 'TOML'
[grid]
learning_rate = { from = 0.5, to = 8, points = 100, log = true }
noise = { from = 1e-4, to = 1e-2, points = 100, log = true }
[record]
until = 100
TOML
for run in 1 2 3 4 5; do
  python3 - "$program" "$work" "$threads" "$run" << 'PYTHON'
import os, subprocess, sys, time
program, work, threads, run = sys.argv[1:]
start = time.monotonic()
child = subprocess.Popen([program, "sweep", f"{work}/sweep.toml", "--out", f"{work}/{run}", "--quiet", "--threads", threads])
seen = {}
while child.poll() is None:
    for task in os.listdir(f"/proc/{child.pid}/task"):
        try:
            with open(f"/proc/{child.pid}/task/{task}/schedstat") as file:
                ran, waited, _ = map(int, file.read().split())
            seen[task] = (ran, waited)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass
    time.sleep(0.002)
wall = time.monotonic() - start
ran = sum(ran for ran, _ in seen.values()) / 1e9
waited = sum(waited for _, waited in seen.values()) / 1e9
whole = wall * int(threads)
print(f"{wall:.2f} s: running or waiting for a core {(ran + waited) / whole:.1%}, running {ran / whole:.1%}")
PYTHON
done
