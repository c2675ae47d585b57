#!/usr/bin/env bash
# Sets up what is missing and builds one preset (default: dev), whole or only some of its targets. The other
# scripts come here first.   usage: scripts/build.sh [PRESET [TARGET ...]]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-dev}
targets=()
if (($# > 1)); then targets=(--target "${@:2}"); fi
if [[ -z ${SQUALL_SKIP_SETUP:-} ]]; then scripts/setup.sh; fi

log=build/$preset/build.log
mkdir -p "build/$preset"
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
started=$SECONDS
if ! { [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" "${launcher[@]}"; } >"$log" 2>&1 ||
  ! cmake --build --preset "$preset" "${targets[@]}" >>"$log" 2>&1; then
  echo "build: FAILED ($preset); the end of $log:" >&2
  tail -n 40 "$log" >&2
  exit 1
fi
echo "build: $preset is up to date ($((SECONDS - started)) s)"
