#!/usr/bin/env bash
# Installs the clients in other languages that the proxy's tests use, at the versions of their lock files, below a
# folder of the build. A client that cannot be installed is not an error: its tests are skipped, with what this
# printed as the reason.   usage: tests/clients/prepare.sh FOLDER
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: prepare.sh FOLDER}
mkdir -p "$folder"

# prepare NAME LOCK_FILE FUNCTION: runs the function unless the folder has what the lock file says.
prepare() {
  local stamp=$folder/$1.ready
  [[ -f $stamp ]] && cmp -s "$stamp" "$2" && return
  rm -f "$stamp"
  if ! "$3" >"$folder/$1.log" 2>&1; then
    echo "$1 cannot be installed: $(tail -n 1 "$folder/$1.log")"
    return
  fi
  cp "$2" "$stamp"
}

nats_js() {
  if ! command -v node || ! command -v npm; then
    echo "node or npm is missing"
    return 1
  fi
  mkdir -p "$folder/js"
  cp "$here"/js/package.json "$here"/js/package-lock.json "$folder/js/"
  (cd "$folder/js" && timeout 120 npm ci --ignore-scripts --no-audit --no-fund)
}

nats_py() {
  if ! command -v python3; then
    echo "python3 is missing"
    return 1
  fi
  rm -rf "$folder/py"
  python3 -m venv "$folder/py" &&
    timeout 120 "$folder/py/bin/python3" -m pip install -q --disable-pip-version-check --require-hashes \
      -r "$here/py/requirements.txt"
}

prepare nats.js "$here/js/package-lock.json" nats_js
prepare nats-py "$here/py/requirements.txt" nats_py
# An ES module looks for its packages from where it stands.
cp "$here"/js/*.mjs "$folder/js/" 2>/dev/null
echo "clients ready in $folder"
