#!/usr/bin/env bash
# Gets the NATS command-line tool through Go's module proxy and prints the path of the binary. For benchmarks.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: scripts/nats_cli.sh [VERSION]        default: 0.3.0
Builds github.com/nats-io/natscli/nats at that version into build/nats-cli/VERSION/nats, once, and prints that
path. Needs Go.
Exit codes: 0 there, 1 cannot be built, 2 bad usage or no Go.
EOT
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
version=${1:-0.3.0}
version=${version#v}
if [[ $# -gt 1 || ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]]; then
  usage >&2
  exit 2
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${SQUALL_BUILD:-$root/build}/nats-cli/$version
if [[ -x $folder/nats ]]; then
  echo "$folder/nats"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "nats_cli.sh: there is no Go on PATH to build the NATS CLI with; or set NATS_CLI=/path/to/nats" >&2
  exit 2
fi
mkdir -p "$folder"
echo "nats_cli.sh: building the NATS CLI $version with $(go env GOVERSION) …" >&2
# From a folder outside any module, so that no go.mod interferes.
if ! (cd "$folder" && GOBIN=$folder GOFLAGS=-trimpath go install "github.com/nats-io/natscli/nats@v$version") >&2; then
  echo "nats_cli.sh: the NATS CLI $version cannot be built with $(go env GOVERSION) (see above)" >&2
  exit 1
fi
echo "$folder/nats"
