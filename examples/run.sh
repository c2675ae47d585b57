#!/usr/bin/env bash
# Runs one example from start to verdict: installs what its service needs, and runs its experiment. Further options are
# those of `squall run` (--trials 1 …). SQUALL names the program; without it that of build/dev, or of the PATH.
set -euo pipefail
usage() {
  cat <<'EOT'
usage: examples/run.sh node-worker | python-worker | attached [OPTION of squall run …]
Exit codes: those of squall run; 3 also when something is missing here (it is named)
EOT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
squall=${SQUALL:-$here/../build/dev/bin/squall}
[[ -x $squall ]] || squall=$(command -v squall) || { echo "examples/run.sh: no squall: scripts/build.sh, or set SQUALL" >&2; exit 3; }
name=${1:-}
case $name in
  node-worker | python-worker)
    "$here/setup.sh" "$name" >/dev/null
    ;;
  attached)
    "$here/setup.sh" node-worker >/dev/null
    for program in python3 openssl nats-server; do
      command -v "$program" >/dev/null || { echo "examples/run.sh: no $program on PATH" >&2; exit 3; }
    done
    folder=$(mktemp -d "${TMPDIR:-/tmp}/squall-example-XXXXXX")
    "$here/attached/start_server.py" "$folder" >"$folder/url" &
    server=$!
    trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT
    until [[ -s $folder/url ]]; do
      kill -0 "$server" 2>/dev/null || { echo "examples/run.sh: the example's server did not start" >&2; exit 3; }
      sleep 0.05
    done
    EXAMPLE_URL=$(<"$folder/url")
    export EXAMPLE_URL EXAMPLE_CREDS=$folder/worker.creds EXAMPLE_CA=$folder/ca.pem
    ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
"$squall" run "$here/$name/orders-kill.yaml" "${@:2}"
