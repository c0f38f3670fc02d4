#!/usr/bin/env bash
# Draws the README's pictures anew from what the command prints.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet

# draw FILE COMMAND…: the command as typed, and its coloured output.
draw() {
    local file=$1
    shift
    {
        printf '\033[1m$ twicetold %s\033[0m\n' "$*"
        "${CARGO_TARGET_DIR:-target}/release/twicetold" "$@" --color always 2>/dev/null
    } | python3 data/pictures/svg.py >"$file"
    echo "$file"
}

draw data/pictures/find.svg find data/articles/bakery.txt data/articles/harbour.txt
