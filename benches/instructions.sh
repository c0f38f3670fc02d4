#!/usr/bin/env bash
# Instructions that the hot kernels of near-duplicate documents execute, beside
# the figures of instructions.tsv.
#
#   benches/instructions.sh [--write]
#
# Prints, for each kernel, instructions for each thing that it handles (a word,
# a document) and the change; ends with an error when one rose by more than 5
# in 100. --write puts the new figures in the place of the old. Unlike times,
# the counts hardly depend on what else the machine does. They are those of
# AVX2, as valgrind knows no AVX-512; on machines without it, and without
# valgrind, nothing is compared.
set -euo pipefail
cd "$(dirname "$0")/.."
figures=benches/instructions.tsv

if ! command -v valgrind >/dev/null 2>&1; then
    echo 'skipped: valgrind is missing'
    exit 0
fi
built=$(cargo bench --quiet --no-run --bench instructions --message-format=json |
    sed -n 's/.*"executable":"\([^"]*instructions[^"]*\)".*/\1/p' | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without debug information, which valgrind would read each time.
strip -o "$work/instructions" "$built" 2>/dev/null || cp "$built" "$work/instructions"

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/instructions" "$@" 2>&1 |
        sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

unit=$(valgrind --tool=none "$work/instructions" 2>/dev/null | sed -n 's/^unit //p')
if [ "$unit" != avx2 ]; then
    echo "skipped: the figures are those of avx2, and this is $unit"
    exit 0
fi

rounds=10
"$work/instructions" | grep -v '^unit ' | while read -r kernel items; do
    once=$(count "$kernel" 1)
    more=$(count "$kernel" $((1 + rounds)))
    awk -v kernel="$kernel" -v all=$((more - once)) -v items=$((rounds * items)) \
        'BEGIN { printf "%s\t%.2f\n", kernel, all / items }'
done >"$work/new.tsv"

if [ "${1:-}" = --write ]; then
    cp "$work/new.tsv" "$figures"
    cat "$figures"
    exit 0
fi
awk -F '\t' '
    NR == FNR { before[$1] = $2; next }
    !($1 in before) { printf "%-10s %9.2f  no figure before\n", $1, $2; rose = 1; next }
    {
        change = 100 * ($2 / before[$1] - 1)
        printf "%-10s %9.2f  before %9.2f  %+.1f %%\n", $1, $2, before[$1], change
        if (change > 5) { rose = 1; print "  ROSE by more than 5 %" }
        if (change < -5) print "  fell: benches/instructions.sh --write keeps it so"
    }
    END { exit rose }
' "$figures" "$work/new.tsv"
