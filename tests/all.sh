#!/usr/bin/env bash
# All checks of the project: format, lints, documentation, tests, with the
# default features, none and all. Needs cargo and a C compiler, nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

section() {
    local name=$1 start=$SECONDS
    shift
    printf '== %s\n' "$name"
    "$@"
    printf '== %s: done in %d s\n' "$name" $((SECONDS - start))
}

for part in rustfmt clippy; do
    if ! cargo "${part/rustfmt/fmt}" --version >/dev/null 2>&1; then
        rustup component add "$part"
    fi
done

section 'format' cargo fmt --check
section 'lints, default features' cargo clippy --quiet --all-targets -- -D warnings
section 'lints, no features' cargo clippy --quiet --all-targets --no-default-features -- -D warnings
section 'lints, all features' cargo clippy --quiet --all-targets --all-features -- -D warnings
RUSTDOCFLAGS='-D warnings' section 'documentation' cargo doc --quiet --no-deps --all-features
section 'tests, default features' cargo test --quiet
section 'tests, no features' cargo test --quiet --no-default-features
section 'tests, all features' cargo test --quiet --all-features
printf 'all checks passed in %d s\n' "$SECONDS"
