# shellcheck shell=bash
# Sourced by the benchmarks: the server that they measure against, and how their figures are told.

# $1: an empty folder. Sets nats_server_pid, nats_url and nats_monitor; the caller ends it. SQUALL_NATS_SERVER names the
# binary.
bench_server=${SQUALL_NATS_SERVER:-$(PATH="$PATH:/usr/sbin" command -v nats-server)}
start_bench_server() {
  cat >"$1/nats.conf" <<EOT
listen: "127.0.0.1:-1"
http: "127.0.0.1:-1"
ports_file_dir: "$1"
jetstream { store_dir: "$1/store" }
EOT
  "$bench_server" -c "$1/nats.conf" >"$1/nats.log" 2>&1 &
  nats_server_pid=$!
  local ports=$1/nats-server_$nats_server_pid.ports
  for _ in {1..400}; do [[ -s $ports ]] && break; sleep 0.02; done
  [[ -s $ports ]] || { echo "nats-server opened no port; its log:" >&2; tail "$1/nats.log" >&2; return 1; }
  # shellcheck disable=SC2034  # for the caller
  nats_url=$(jq -r '.nats[0]' "$ports")
  # shellcheck disable=SC2034
  nats_monitor=$(jq -r '.monitoring[0]' "$ports")
}

# "2026-11-25 · 2 cores of AMD EPYC · Linux 6.18 · nats-server: v2.9.10"
describe_machine() {
  echo "$(date -u +%F) · $(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1) · Linux $(uname -r) · $("$bench_server" --version)"
}

median() { sort -g | awk '{a[NR] = $1} END {print (NR % 2) ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }
