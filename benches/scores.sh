#!/usr/bin/env bash
# Scores on labelled texts.
#
#   benches/scores.sh [--quick] DATA_FOLDER EVAL_FOLDER
#
# DATA_FOLDER holds one folder for each set (docs.jsonl.zst and its labels),
# EVAL_FOLDER the scorer score.py. Prints one line for each score and ends
# with an error when one falls below its floor. --quick leaves out the sets
# that have no floor.
set -euo pipefail

quick=
if [ "${1:-}" = --quick ]; then
    quick=1
    shift
fi
if [ $# -ne 2 ] || [ ! -d "$1" ] || [ ! -f "$2/score.py" ]; then
    sed -n '4s/^# *//p' "$0" >&2
    exit 2
fi
data=$(cd "$1" && pwd)
score=$(cd "$2" && pwd)/score.py
cd "$(dirname "$0")/.."

cargo build --release --quiet
bin=$(realpath "${CARGO_TARGET_DIR:-target}")/release/twicetold
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

have() {
    [ -d "$data/$1" ] && return
    echo "$1: not there, skipped"
    return 1
}

# floor NAME VALUE LEAST: notes a score below its floor.
floor() {
    if ! python3 -c 'import sys; sys.exit(not float(sys.argv[1]) >= float(sys.argv[2]))' "$2" "$3"; then
        echo "BELOW ITS FLOOR: $1 is $2, at least $3 is required"
        failed=1
    fi
}

# at_most NAME VALUE MOST
at_most() {
    if ! python3 -c 'import sys; sys.exit(not float(sys.argv[1]) <= float(sys.argv[2]))' "$2" "$3"; then
        echo "ABOVE ITS CEILING: $1 is $2, at most $3 is allowed"
        failed=1
    fi
}

# field KIND NAME FILE: a number out of the line of the scorer whose first word
# ends with KIND (the only line when KIND is empty).
field() {
    python3 - "$@" <<'PY'
import json, sys
kind, name, path = sys.argv[1:]
for line in open(path):
    if line.split(" ")[0].endswith(kind):
        start = line.index("{")
        print(json.JSONDecoder().raw_decode(line[start:])[0][name])
        break
else:
    print("nan")
PY
}

show() {
    sed "s/^/$1: /" "$2"
}

find_in() { # SET OPTIONS…
    local set=$1
    shift
    "$bin" find --quiet --format jsonl "$@" -o "$work/$set.found" "$data/$set/docs.jsonl.zst"
}

# Document pairs of SET with a match, by label, of all and of reworded ones.
paired() { # SET
    python3 - "$data/$1/pairs.tsv" "$work/$1.found" <<'PY'
import collections, json, sys
labels = {}
for line in open(sys.argv[1]):
    a, b, label = line.rstrip("\n").split("\t")[:3]
    if a != "a":
        labels[frozenset((a, b))] = label
found = {"all": set(), "reworded": set()}
for record in map(json.loads, open(sys.argv[2])):
    if record["type"] == "match":
        pair = frozenset(str(record[side]["document"]) for side in "ab")
        found["all"].add(pair)
        if record["measure"] == "shared_words":
            found["reworded"].add(pair)
for label, pairs in sorted(collections.Counter(labels.values()).items()):
    counts = {kind: sum(labels.get(p) == label for p in own) for kind, own in found.items()}
    print(label, json.dumps({"pairs": pairs} | counts))
PY
}

dedup_in() { # SET OPTIONS…
    local set=$1
    shift
    "$bin" dedup --quiet "$@" --clusters "$work/$set.clusters" --pairs "$work/$set.pairs" \
        "$data/$set/docs.jsonl.zst" >"$work/kept"
}

clusters_of() { # SET OPTIONS…
    dedup_in "$@"
    python3 "$score" clusters "$data/$1/clusters.tsv" "$work/$1.clusters" "$data/$1/docs.jsonl.zst" >"$work/$1.score"
    show "$1 (${*:2})" "$work/$1.score"
}

seed_article() {
    local article
    for article in "$data/seed-article.txt" "$data/../seed-article.txt"; do
        [ -f "$article" ] || continue
        "$bin" find --quiet --format jsonl "$article" | python3 -c '
import json, sys
clusters = [r for r in map(json.loads, sys.stdin) if r["type"] == "cluster"]
got = [[(o["line"], o["start"], o["end"], o["score"]) for o in c["occurrences"]] for c in clusters]
print("seed article:", got)
sys.exit(got != [[(1, 1, 227, 1.0), (7, 1256, 1482, 1.0)]])' || failed=1
        return
    done
    echo 'seed article: not there, skipped'
}

inner_repeats() {
    have inner-repeats || return 0
    find_in inner-repeats --scope within
    python3 "$score" spans "$data/inner-repeats/cases.jsonl" "$work/inner-repeats.found" >"$work/score"
    show inner-repeats "$work/score"
    floor 'inner-repeats exact' "$(field exact found "$work/score")" 0.99
    floor 'inner-repeats near' "$(field near found "$work/score")" 0.95
}

pan13() {
    have pan13 || return 0
    find_in pan13 --scope across --pairs
    python3 "$score" passages "$data/pan13/cases.jsonl" "$work/pan13.found" "$data/pan13/pairs.tsv" >"$work/score"
    show pan13 "$work/score"
    floor 'pan13 no-obfuscation plagdet' "$(field no-obfuscation plagdet "$work/score")" 0.93
    at_most 'pan13 no-obfuscation granularity' "$(field no-obfuscation granularity "$work/score")" 1.03
}

pan13_reworded() {
    have pan13 || return 0
    find_in pan13 --scope across --pairs --reworded
    python3 "$score" passages "$data/pan13/cases.jsonl" "$work/pan13.found" "$data/pan13/pairs.tsv" >"$work/score"
    show 'pan13 --reworded' "$work/score"
    floor 'pan13 --reworded plagdet' "$(field all plagdet "$work/score")" 0.87
    floor 'pan13 --reworded random-obfuscation plagdet' "$(field random-obfuscation plagdet "$work/score")" 0.88
    floor 'pan13 --reworded translation plagdet' "$(field translation-obfuscation plagdet "$work/score")" 0.84
    floor 'pan13 --reworded summary plagdet' "$(field summary-obfuscation plagdet "$work/score")" 0.45
    at_most 'pan13 --reworded matches on pairs without plagiarism' "$(field no-plagiarism found "$work/score")" 5
}

citations() {
    have sr-citations || return 0
    clusters_of sr-citations -t 0.7 --ngram 3
    floor 'sr-citations F1' "$(field '' f1 "$work/sr-citations.score")" 0.99
}

templates() {
    have templates || return 0
    local more
    for more in '' --distinct-numbers; do
        # shellcheck disable=SC2086 # one option or none
        dedup_in templates -t 0.6 --ngram 3 $more
        python3 "$score" judged "$data/templates/pairs.tsv" "$work/templates.pairs" >"$work/score"
        show "templates at .6 $more" "$work/score"
    done
    find_in templates --scope across --pairs --reworded
    paired templates >"$work/score"
    show 'templates --reworded' "$work/score"
    at_most 'templates --reworded, other items' "$(field 0 reworded "$work/score")" 8
}

without_floors() {
    local set more
    if have sr-titles; then clusters_of sr-titles -t 0.7 --ngram 3; fi
    if have ocr-pairs; then
        clusters_of ocr-pairs -t 0.5 --unit char --ngram 5
        python3 "$score" bands "$data/ocr-pairs/clusters.tsv" "$work/ocr-pairs.clusters" \
            "$data/ocr-pairs/meta.tsv" cer 0.02,0.05,0.1,0.2 >"$work/score"
        show ocr-pairs "$work/score"
    fi
    if have ota-lineage; then clusters_of ota-lineage -t 0.7; fi
    if have aozora-editions; then clusters_of aozora-editions -t 0.7 --unit char --ngram 7; fi
    if have quran-mutashabihat; then
        find_in quran-mutashabihat --scope within --min-words 5
        python3 "$score" spans "$data/quran-mutashabihat/cases.jsonl" "$work/quran-mutashabihat.found" \
            'overlap>=0.5' >"$work/score"
        show quran-mutashabihat "$work/score"
    fi
    for set in indo-plag news20-quotes; do
        have "$set" || continue
        for more in '' --reworded; do
            # shellcheck disable=SC2086 # one option or none
            find_in "$set" --scope across --pairs $more
            python3 "$score" passages "$data/$set/cases.jsonl" "$work/$set.found" >"$work/score"
            show "$set $more" "$work/score"
        done
    done
    if have clough; then
        find_in clough --scope across --pairs --reworded
        paired clough >"$work/score"
        show 'clough --reworded' "$work/score"
    fi
}

seed_article
inner_repeats
pan13
pan13_reworded
citations
templates
[ -n "$quick" ] || without_floors
exit "$failed"
