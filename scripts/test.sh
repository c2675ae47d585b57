#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests: unit, component, scripts, and the controlled suite.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

usage() {
  cat <<'EOF'
usage: scripts/test.sh [--quick] [ctest options ...]
  --quick  unit tests only (seconds)
Everything else goes to ctest, e.g. scripts/test.sh -R wire
EOF
}

options=()
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  --quick) shift; options+=(-L unit) ;;
esac

scripts/build.sh dev
# Two at a time: they mostly wait. What measures or needs the machine for itself runs alone (RUN_SERIAL).
exec ctest --preset dev -j 2 "${options[@]}" "$@"
