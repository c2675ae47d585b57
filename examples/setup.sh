#!/usr/bin/env bash
# Installs what one example worker needs, from its lock file, beside it, once; and prints the command that
# runs it.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: examples/setup.sh node-worker | python-worker
Exit codes: 0 the command is printed, 2 bad usage, 3 not here: no Node, npm or Python, no registry, or a folder that is
not to be written to (said on stderr)
EOT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
not_here() { echo "examples/setup.sh: $*" >&2; exit 3; }
# Where a package has put them nothing else belongs, not even root's.
to_be_written() {
  [[ -w $1 && $1 != /usr/share/* ]] || not_here "copy the examples to a folder of yours, and run them there: cp -r $here ."
}
case ${1:-} in
  node-worker)
    folder=$here/node-worker
    command -v node >/dev/null || not_here "no node on PATH"
    command -v npm >/dev/null || not_here "no npm on PATH"
    lock=$folder/package-lock.json
    installed=$folder/node_modules/.package-lock.json
    if [[ ! -e $installed || $lock -nt $installed ]]; then
      to_be_written "$folder"
      (cd "$folder" && timeout 40 npm ci --no-audit --no-fund >/dev/null 2>&1) ||
        not_here "npm cannot install nats (no registry?)"
      touch "$installed"
    fi
    echo "node $folder/worker.mjs"
    ;;
  python-worker)
    folder=$here/python-worker
    command -v python3 >/dev/null || not_here "no python3 on PATH"
    lock=$folder/requirements.txt
    installed=$folder/.venv/installed
    if [[ ! -e $installed || $lock -nt $installed ]]; then
      to_be_written "$folder"
      python3 -m venv "$folder/.venv" >/dev/null 2>&1 || not_here "python3 has no venv (Debian: python3-venv)"
      timeout 40 "$folder/.venv/bin/pip" --quiet --disable-pip-version-check install --require-hashes -r "$lock" \
        >/dev/null 2>&1 || not_here "pip cannot install nats-py (no registry?)"
      touch "$installed"
    fi
    echo "$folder/.venv/bin/python $folder/worker.py"
    ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
