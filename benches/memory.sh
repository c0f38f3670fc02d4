#!/usr/bin/env bash
# Peak memory, processor time and result of dedup in several budgets.
#
#   benches/memory.sh DUMP BUDGET… [-- OPTION…]
#
# Runs `dedup OPTION…` on DUMP within each BUDGET (256M, 2G; none: the default)
# and prints a line for each. Ends with an error when a run holds more than its
# budget and 64 MB, or when the outputs of two runs differ. Needs GNU time.
set -euo pipefail

if [ $# -lt 2 ] || [ ! -f "$1" ]; then
    sed -n '4s/^# *//p' "$0" >&2
    exit 2
fi
dump=$(realpath "$1")
shift
budgets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    budgets+=("$1")
    shift
done
[ $# -gt 0 ] && shift
cd "$(dirname "$0")/.."

cargo build --release --quiet
bin=$(realpath "${CARGO_TARGET_DIR:-target}")/release/twicetold
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
first=

for budget in "${budgets[@]}"; do
    memory=()
    [ "$budget" = none ] || memory=(--memory "$budget")
    /usr/bin/time -f '%U %S %M' -o "$work/cost" "$bin" dedup --quiet "${memory[@]}" "$@" \
        --temp-dir "$work" --clusters "$work/clusters" -o "$work/kept" "$dump"
    sum=$(cat "$work/kept" "$work/clusters" | sha256sum | cut -c1-16)
    python3 - "$budget" "$sum" "$work/cost" <<'PY' || failed=1
import re, sys
budget, result, path = sys.argv[1:]
user, system, kib = open(path).read().split()[-3:]
peak = int(kib) * 1024
print(f"{budget}: {float(user) + float(system):.2f} s, {peak / 1e6:.0f} MB at most, result {result}")
match = re.fullmatch(r"([\d.]+)([KMGT])", budget)
if match:
    limit = float(match[1]) * 1024 ** (" KMGT".index(match[2])) + 64e6
    if peak > limit:
        sys.exit(f"ABOVE ITS BUDGET: {limit / 1e6:.0f} MB were allowed")
PY
    if [ "${first:=$sum}" != "$sum" ]; then
        echo "ANOTHER RESULT than in the first budget"
        failed=1
    fi
    rm -f "$work/kept" "$work/clusters"
done
exit $failed
