#!/usr/bin/env bash
# Builds unit and component tests with sanitizers and runs them. Which tests there are is what ctest knows: a new
# folder takes part by itself. Every process writes what a sanitizer has to say to a file, also those that a test
# starts and kills, and one such file fails the run.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

usage() {
  cat <<'EOF'
usage: scripts/sanitize.sh [--only LABEL] asan|tsan [TEST ...]
  asan            address and undefined-behaviour sanitizers, with leaks
  tsan            thread sanitizer
  --only LABEL    only tests with this ctest label: unit, component, golden, threads (code that makes threads)
  TEST            test programs, e.g. router_nats_test; default: all unit, component and golden tests
Exit codes: 0 nothing found, 1 something was found or a test failed, 2 bad usage.
EOF
}

labels='unit|component|golden'
while [[ ${1:-} == -* ]]; do
  case $1 in
    --only)
      [[ ${2:-} =~ ^(unit|component|golden|threads)$ ]] || { usage >&2; exit 2; }
      labels=$2
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "sanitize.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
preset=${1:-}
[[ $preset == asan || $preset == tsan ]] || { usage >&2; exit 2; }
shift

if [[ -z ${SQUALL_SKIP_SETUP:-} ]]; then scripts/setup.sh --with-ci; fi
export SQUALL_SKIP_SETUP=1
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake --preset "$preset" "${launcher[@]}" >/dev/null

# Only what is a target: a fixture that prepares something is run by ctest, and not built.
mapfile -t known < <(ctest --preset "$preset" -L "$labels" --show-only=json-v1 |
  jq -r '.tests[] | .name as $name | select((.command // [])[-1] | endswith("/bin/" + $name)) | .name')
wanted=("$@")
((${#wanted[@]})) || wanted=("${known[@]}")
for name in "${wanted[@]}"; do
  printf '%s\n' "${known[@]}" | grep -qx -- "$name" ||
    { echo "sanitize.sh: no such test: '$name'; there are: ${known[*]}" >&2; exit 2; }
done

scripts/build.sh "$preset" "${wanted[@]}"

reports=build/$preset/reports # as CMakePresets.json has it
rm -rf "$reports"
mkdir -p "$reports"
status=0
ctest --preset "$preset" -j 2 -R "^($(IFS='|' && echo "${wanted[*]}"))$" || status=1
if compgen -G "$reports/*" >/dev/null; then
  tail -n +1 "$reports"/*
  echo "sanitize.sh: $preset has something to say: $reports" >&2
  status=1
fi
exit "$status"
