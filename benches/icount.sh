#!/bin/bash
# Counts the instructions that `scan` needs for a bundle, under callgrind: comparable across runs whatever else the machine does.
# Fails if they are more than a tenth above benches/icount.txt; `benches/icount.sh --bless` writes that file anew.
# usage: benches/icount.sh [--bless]      needs valgrind
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet --bin certrecall --example bench-tree
target/release/examples/bench-tree "$work/small" 100
target/release/examples/bench-tree "$work/large" 1100
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/certrecall -q scan --threads 1 --format ndjson "$1" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# The difference leaves out the start of the program.
per_bundle=$((($(count "$work/large") - $(count "$work/small")) / 1000))
echo "$per_bundle instructions per bundle"
if [[ ${1:-} == --bless ]]; then
    echo "$per_bundle" >benches/icount.txt
elif ((per_bundle * 10 > $(<benches/icount.txt) * 11)); then
    echo "more than a tenth above the $(<benches/icount.txt) of benches/icount.txt" >&2
    exit 1
fi
