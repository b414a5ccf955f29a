#!/usr/bin/env bash
# How busy a sweep of 10,000 short solves keeps its threads: of the time that passes from start to exit, the part in which
# they run (user and system time of the process), and the part in which they wait for a core that others have (the second
# number of /proc/PID/task/TID/schedstat, read every 20 ms).
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
command = [program, "sweep", f"{work}/sweep.toml", "--out", f"{work}/{run}", "--quiet", "--threads", threads]
child = subprocess.Popen(command)
waited = {}
while True:
    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    if pid:
        break
    for task in os.listdir(f"/proc/{child.pid}/task"):
        try:
            with open(f"/proc/{child.pid}/task/{task}/schedstat") as file:
                waited[task] = int(file.read().split()[1])
        except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            pass
    time.sleep(0.02)
wall = time.monotonic() - start
if status:
    sys.exit("the sweep failed")
ran, waited = usage.ru_utime + usage.ru_stime, sum(waited.values()) / 1e9
whole = wall * int(threads)
print(f"{wall:.2f} s: running {ran / whole:.1%}, waiting for a core {waited / whole:.1%}")
PYTHON
done
