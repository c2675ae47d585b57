#!/usr/bin/env bash
# Gets the peers of the proxy's benchmark, and prints where they are: HAProxy as the distribution packages it,
# and Toxiproxy built from its published Go module. Nothing is installed and no service is started: what is not
# on PATH goes below build/peers.    usage: bench/proxy/peers.sh   prints HAPROXY=… and TOXIPROXY=…, empty: not to be had
set -euo pipefail
toxiproxy_version=2.12.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${SQUALL_BUILD:-$root/build}/peers
mkdir -p "$folder"

haproxy() {
  if type -P haproxy; then return; fi
  local unpacked=$folder/haproxy
  if [[ ! -x $unpacked/run ]]; then
    mkdir -p "$unpacked"
    local needed
    mapfile -t needed < <(apt-get -s --no-install-recommends install haproxy | awk '/^Inst/ {print $2}')
    (cd "$unpacked" && apt-get -qq download "${needed[@]}" 2>/dev/null && for deb in *.deb; do dpkg-deb -x "$deb" .; done) >&2 || return 0
    local libraries
    libraries=$unpacked/usr/lib/$(gcc -print-multiarch)
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$libraries" "$unpacked/usr/sbin/haproxy" >"$unpacked/run"
    chmod +x "$unpacked/run"
  fi
  "$unpacked/run" -v >/dev/null 2>&1 && echo "$unpacked/run"
}

toxiproxy() {
  local built=$folder/toxiproxy-$toxiproxy_version
  if [[ ! -x $built/server ]] && command -v go >/dev/null; then
    mkdir -p "$built"
    # From a folder outside any module, so that no go.mod interferes.
    (cd "$built" && GOBIN=$built GOFLAGS=-trimpath go install "github.com/Shopify/toxiproxy/v2/cmd/server@v$toxiproxy_version") >&2 || return 0
  fi
  [[ ! -x $built/server ]] || echo "$built/server"
}

echo "HAPROXY=$(haproxy || true)"
echo "TOXIPROXY=$(toxiproxy || true)"
