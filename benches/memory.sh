#!/usr/bin/env bash
# Peak memory, processor time and result of dedup or find in several budgets.
#
#   benches/memory.sh [find] DUMP BUDGET… [-- OPTION…]
#   benches/memory.sh cases [TIMES]
#
# Runs `dedup OPTION…`, or `find OPTION…`, on DUMP within each BUDGET (256M, 2G; none: the default)
# and prints a line for each. With `cases` it makes inputs of its own that are
# hard to hold, TIMES times as large as the least that say anything (1: a
# minute, some 100 MB; 20: up to ten million records), and runs each of
# them within 128M, 256M and the default. Ends with an error when a run holds
# more than its budget and 64 MB, or when the outputs of two runs differ. Needs
# GNU time and Python.
set -euo pipefail

usage() {
    sed -n '4,5s/^# *//p' "$0" >&2
    exit 2
}
[ $# -gt 0 ] || usage
dump=
command=dedup
times=1
if [ "$1" = find ]; then
    command=find
    shift
fi
budgets=()
if [ "$1" = cases ]; then
    times=${2:-1}
    budgets=(128M 256M none)
    set --
else
    [ $# -ge 2 ] && [ -f "$1" ] || usage
    dump=$(realpath "$1")
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        budgets+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift
fi
cd "$(dirname "$0")/.."

cargo build --release --quiet
bin=$(realpath "${CARGO_TARGET_DIR:-target}")/release/twicetold
here=$(realpath benches)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# judge NAME BUDGET RESULT: prints a line, and an error above the budget.
judge() {
    python3 - "$@" "$work/cost" <<'PY' || failed=1
import re, sys
name, budget, result, path = sys.argv[1:]
user, system, clock, kib = open(path).read().split()[-4:]
peak, cpu = int(kib) * 1024, float(user) + float(system)
busy = cpu / max(float(clock), 0.01)
print(f"{name}{budget}: {cpu:.2f} s on {busy:.1f} cores, {peak / 1e6:.0f} MB at most, result {result}")
match = re.fullmatch(r"([\d.]+)([KMGT])", budget)
if match:
    limit = float(match[1]) * 1024 ** (" KMGT".index(match[2])) + 64e6
    if peak > limit:
        sys.exit(f"ABOVE ITS BUDGET: {limit / 1e6:.0f} MB were allowed")
PY
}

# budgets NAME OPTION… INPUT…: a run in each; with `-` as the last word, what
# `feed` writes is the input.
budgets() {
    local name=$1 first= budget sum
    shift
    for budget in "${budgets[@]}"; do
        local memory=()
        [ "$budget" = none ] || memory=(--memory "$budget")
        mkdir "$work/out"
        local out=(--clusters "$work/out/clusters" -o "$work/out/kept")
        [ "$command" = dedup ] || out=(--format jsonl -o "$work/out/report")
        local run=(/usr/bin/time -f '%U %S %e %M' -o "$work/cost" "$bin" "$command" --quiet
            "${memory[@]}" --temp-dir "$work" "${out[@]}")
        if [ "${!#}" = - ]; then
            feed | "${run[@]}" "$@" || failed=1
        else
            "${run[@]}" "$@" || failed=1
        fi
        sum=$(cat "$work/out/"* | sha256sum | cut -c1-16)
        judge "$name" "$budget" "$sum"
        if [ "${first:=$sum}" != "$sum" ]; then
            echo "ANOTHER RESULT than in the first budget"
            failed=1
        fi
        rm -rf "$work/out"
    done
}

make() {
    python3 "$here/shapes.py" "$1" "$times" "$work/$1"
}

if [ -n "$dump" ]; then
    budgets "" "$@" "$dump"
    exit $failed
fi

cd "$work"
wide=(--pairs "out/pairs" --removed "out/removed")
make tiny
budgets "tiny records, " tiny
budgets "tiny records, the last one kept, " --keep last tiny
rm tiny
make copies
budgets "copies of few texts, all reports, " "${wide[@]}" copies
budgets "copies of few texts, marked, " --annotate copies
feed() {
    head -n 1000 copies
    sleep 2
    tail -n +1001 copies
}
budgets "the same through a slow pipe, " -
rm copies
make crowd
budgets "one crowd of alike texts, " crowd
rm crowd
make long
budgets "one long record among short ones, " long
rm long
make files
budgets "a thousand files, " files
cat files/* > one.jsonl
budgets "the same in one file, " one.jsonl
gzip -1 < one.jsonl > one.jsonl.gz
budgets "the same compressed, " one.jsonl.gz
exit $failed
