#!/usr/bin/env bash
# Squall's proxy against HAProxy (TCP mode, one thread), Toxiproxy and no proxy, on one nats-server, in turns; then
# what it costs in memory and how fair it is. Prints one line a figure; docs/performance.md keeps them.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: bench/proxy/proxy_bench.sh [ROUNDS] [PART ...]    default: 15 rounds of all parts
parts: core js_async js_sync parser idle busy links api
Needs build/release/bin/squall and proxy_bench (scripts/build.sh release squall proxy_bench), nats-server, and for
the peers what bench/proxy/peers.sh says. Each part takes less than two minutes on two cores.
EOT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-15}
parts=("${@:2}")
[[ ${#parts[@]} -gt 0 ]] || parts=(core js_async js_sync parser idle busy links api)
bin=${SQUALL_BENCH_BIN:-$root/build/release/bin}
[[ -x $bin/squall && -x $bin/proxy_bench ]] || { usage >&2; exit 2; }
# shellcheck source-path=SCRIPTDIR source=../common.sh
source "$root/bench/common.sh"
eval "$("$root/bench/proxy/peers.sh")"
connections=${SQUALL_BENCH_IDLE:-9000}
ulimit -n "$(ulimit -Hn)"

folder=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_there() { for _ in {1..400}; do [[ -s $1 ]] && return; sleep 0.02; done; echo "$1 never came" >&2; exit 1; }
answers() { for _ in {1..400}; do (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.02; done; exit 1; }

start_bench_server "$folder"
pids+=("$nats_server_pid")
nats=${nats_url##*:}
"$bin/proxy_bench" echo >"$folder/echo" &
echo_pid=$!
pids+=("$echo_pid")
until_there "$folder/echo"
echo=$(<"$folder/echo")

links=(--link "bytes=127.0.0.1:$nats" --link "nats=127.0.0.1:$nats,nats" --link "echo=127.0.0.1:$echo")
"$bin/squall" proxy --api 127.0.0.1:0 "${links[@]}" >"$folder/squall" 2>&1 &
squall_pid=$!
pids+=("$squall_pid")
for _ in {1..400}; do grep -qs "^api" "$folder/squall" && break; sleep 0.02; done
api=$(awk '$1 == "api" {print $2}' "$folder/squall")
port_of() { awk -v name="$1" '$1 == "link" && $2 == name {sub(".*:", "", $3); print $3}' "$folder/squall"; }

ways=("direct=$nats" "squall=$(port_of bytes)" "squall-nats=$(port_of nats)")
if [[ -n $HAPROXY ]]; then
  haproxy=$(free_port)
  haproxy_echo=$(free_port)
  cat >"$folder/haproxy.cfg" <<EOT
global
  nbthread 1
  maxconn 9600
defaults
  mode tcp
  maxconn 9600
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen nats
  bind 127.0.0.1:$haproxy
  server nats 127.0.0.1:$nats
listen echo
  bind 127.0.0.1:$haproxy_echo
  server echo 127.0.0.1:$echo
EOT
  "$HAPROXY" -db -f "$folder/haproxy.cfg" >"$folder/haproxy.log" 2>&1 &
  haproxy_pid=$!
  pids+=("$haproxy_pid")
  answers "$haproxy"
  ways+=("haproxy=$haproxy")
fi
if [[ -n $TOXIPROXY ]]; then
  toxiproxy_api=$(free_port)
  "$TOXIPROXY" -host 127.0.0.1 -port "$toxiproxy_api" >"$folder/toxiproxy.log" 2>&1 &
  toxiproxy_pid=$!
  pids+=("$toxiproxy_pid")
  answers "$toxiproxy_api"
  through_toxiproxy() {
    curl -sf "127.0.0.1:$toxiproxy_api/proxies" -d "{\"name\": \"$1\", \"upstream\": \"127.0.0.1:$2\", \"listen\": \"127.0.0.1:0\"}" |
      jq -r '.listen | sub(".*:"; "")'
  }
  toxiproxy=$(through_toxiproxy nats "$nats")
  toxiproxy_echo=$(through_toxiproxy echo "$echo")
  ways+=("toxiproxy=$toxiproxy")
fi

echo "# $(describe_machine)"
echo "# squall $("$bin/squall" version | head -n 1) · ${HAPROXY:+$("$HAPROXY" -v | head -n 1 | cut -d' ' -f1-3)} · ${TOXIPROXY:+Toxiproxy $(basename "$(dirname "$TOXIPROXY")" | sed 's/.*-//') built with $(go env GOVERSION)}"
for part in "${parts[@]}"; do
  case $part in
    core | js_async | js_sync) "$bin/proxy_bench" throughput "$part" "$rounds" "${ways[@]}" ;;
    parser) "$bin/proxy_bench" parser ;;
    idle)
      echo "squall:    $("$bin/proxy_bench" idle "$connections" "$squall_pid" "$(port_of echo)")"
      [[ -z $HAPROXY ]] || echo "haproxy:   $("$bin/proxy_bench" idle "$connections" "$haproxy_pid" "$haproxy_echo")"
      ;;
    busy)
      echo "direct:    $("$bin/proxy_bench" busy 1000 5 "$echo_pid" "$echo")"
      echo "squall:    $("$bin/proxy_bench" busy 1000 5 "$squall_pid" "$(port_of echo)")"
      [[ -z $HAPROXY ]] || echo "haproxy:   $("$bin/proxy_bench" busy 1000 5 "$haproxy_pid" "$haproxy_echo")"
      [[ -z $TOXIPROXY ]] || echo "toxiproxy: $("$bin/proxy_bench" busy 1000 5 "$toxiproxy_pid" "$toxiproxy_echo")"
      ;;
    links)
      ports=("$(port_of echo)")
      for count in 1 10 100 1000; do
        while ((${#ports[@]} < count)); do
          ports+=("$(curl -sf "$api/proxies" -d "{\"name\": \"l${#ports[@]}\", \"upstream\": \"127.0.0.1:$echo\", \"listen\": \"127.0.0.1:0\"}" | jq -r '.listen | sub(".*:"; "")')")
        done
        echo "squall:    $("$bin/proxy_bench" busy 1000 4 "$squall_pid" "${ports[@]}")"
      done
      ;;
    api) "$bin/proxy_bench" api "${api##*:}" bytes "$(port_of bytes)" 5 ;;
    *) usage >&2; exit 2 ;;
  esac
done
