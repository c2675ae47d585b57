#!/usr/bin/env bash
# Takes the reports as they are drawn now for the right ones. Look at `git diff tests/golden` before committing.
set -euo pipefail

case "${1:-}" in
  -h | --help)
    echo "usage: tests/golden/approve.sh [BUILD_DIR]   (default: build/dev)"
    exit 0
    ;;
esac
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
build="${1:-$root/build/dev}"
cmake --build "$build" --target golden_test experiment_test
SQUALL_APPROVE=1 "$build/bin/golden_test" --gtest_brief=1
SQUALL_APPROVE=1 "$build/bin/experiment_test" --gtest_brief=1 --gtest_filter=Reference.*
git -C "$root" --no-pager diff --stat -- tests/golden docs/experiment-reference.md
