#!/usr/bin/env bash
# Sets up what is missing and builds one preset (default: dev), whole or only some of its targets. The other
# scripts come here first.   usage: scripts/build.sh [PRESET [TARGET ...]]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

preset=${1:-dev}
targets=("${@:2}")
if [[ -z ${SQUALL_SKIP_SETUP:-} ]]; then scripts/setup.sh; fi

log=build/$preset/build.log
mkdir -p "build/$preset"
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
started=$SECONDS

# Everything into the log, and of ninja's steps ("[31/335] …") one every 20 s to whoever waits.
follow() {
  local line said=$SECONDS
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    if [[ $line == \[* ]] && ((SECONDS - said >= 20)); then
      echo "build: $preset, step ${line%%]*}] after $((SECONDS - started)) s; all of it is in $log"
      said=$SECONDS
    fi
  done
}

: >"$log"
if [[ ! -f build/$preset/build.ninja ]]; then echo "build: $preset for the first time, which takes some minutes"; fi
# ninja ends its compilers when it is interrupted, and it is when this script dies.
if ! { [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" "${launcher[@]}"; } >>"$log" 2>&1 ||
  ! setpriv --pdeathsig INT ninja -C "build/$preset" "${targets[@]}" 2>&1 | follow; then
  echo "build: FAILED ($preset); the end of $log:" >&2
  tail -n 40 "$log" >&2
  exit 1
fi
echo "build: $preset is up to date ($((SECONDS - started)) s)"
