#!/usr/bin/env bash
# Builds the fuzzers and runs each for some seconds on its corpus in fuzz/<name>/. A crash leaves its input in
# build/fuzz/crashes/ and fails.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

seconds=${1:-60}
if ! [[ $seconds =~ ^[0-9]+$ ]]; then
  echo "usage: scripts/fuzz.sh [SECONDS per fuzzer]" >&2
  exit 2
fi
scripts/setup.sh --with-ci >/dev/null
SQUALL_SKIP_SETUP=1 scripts/build.sh fuzz fuzzers

mkdir -p build/fuzz/crashes
found=0
for fuzzer in build/fuzz/bin/*_fuzz; do
  [[ -x $fuzzer ]] || continue
  name=$(basename "$fuzzer")
  found=$((found + 1))
  mkdir -p "build/fuzz/corpus/$name"
  seeds=()
  [[ -d fuzz/$name ]] && seeds=("fuzz/$name")
  echo "fuzz: $name for $seconds s"
  if ! "$fuzzer" -max_total_time="$seconds" -artifact_prefix=build/fuzz/crashes/ -print_final_stats=1 \
    "build/fuzz/corpus/$name" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1; then
    tail -n 40 "build/fuzz/$name.log" >&2
    echo "fuzz: $name FAILED; the input is in build/fuzz/crashes/" >&2
    exit 1
  fi
  grep -E 'number_of_executed_units|new_units_added' "build/fuzz/$name.log" || true
done
echo "fuzz: $found fuzzers found nothing"
