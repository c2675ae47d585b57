#!/usr/bin/env bash
# Gets one release of nats-server through Go's module proxy and prints the path of the binary. For runs on
# other versions than the distribution's: SQUALL_NATS_SERVER="$(scripts/nats_server.sh 2.11.4)" …
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/nats_server.sh VERSION        e.g. 2.10.29
Builds github.com/nats-io/nats-server/v2 at that version into build/nats-server/VERSION/nats-server, once, and
prints that path. Needs Go.
Exit codes: 0 there, 1 cannot be built, 2 bad usage or no Go.
EOF
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
if [[ $# -ne 1 || ! $1 =~ ^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]]; then
  usage >&2
  exit 2
fi
version=${1#v}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${SQUALL_BUILD:-$root/build}/nats-server/$version
binary=$folder/nats-server

if [[ -x $binary ]] && "$binary" --version | grep -qxF "nats-server: v$version"; then
  echo "$binary"
  exit 0
fi
if ! command -v go >/dev/null; then
  cat >&2 <<EOF
nats_server.sh: there is no Go on PATH to build nats-server $version with. Install it (Debian, Ubuntu: apt-get
install golang-go; a newer nats-server may need a newer Go: https://go.dev/dl/), or download the release and
name it: SQUALL_NATS_SERVER=/path/to/nats-server.
EOF
  exit 2
fi

mkdir -p "$folder"
echo "nats_server.sh: building nats-server $version with $(go env GOVERSION) …" >&2
# From a folder outside any module, so that no go.mod interferes.
if ! (cd "$folder" && GOBIN=$folder GOFLAGS=-trimpath go install "github.com/nats-io/nats-server/v2@v$version") >&2; then
  echo "nats_server.sh: nats-server $version cannot be built with $(go env GOVERSION) (see above)" >&2
  rmdir "$folder" 2>/dev/null || true
  exit 1
fi
echo "$binary"
