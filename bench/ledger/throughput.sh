#!/usr/bin/env bash
# Squall's workload with its ledger on against `nats bench`, on the same nats-server, in turns. Prints a row per
# mode: median messages a second of both, the median ratio of the pairs, and the client's CPU per 100,000.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: bench/ledger/throughput.sh [ROUNDS] [MODE ...]      default: 5 rounds of js-sync js-async core
Needs build/release/bin/throughput_bench (scripts/build.sh release throughput_bench) and Go, for the NATS CLI
(scripts/nats_cli.sh), or NATS_CLI=/path/to/nats.
EOT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-5}
modes=("${@:2}")
[[ ${#modes[@]} -gt 0 ]] || modes=(js-sync js-async core)
squall=$root/build/release/bin/throughput_bench
[[ -x $squall ]] || { usage >&2; exit 2; }
nats=${NATS_CLI:-$("$root/scripts/nats_cli.sh")}
server=${SQUALL_NATS_SERVER:-$(PATH="$PATH:/usr/sbin" command -v nats-server)}
size=256
folder=$(mktemp -d)
server_pid=
trap '[[ -n $server_pid ]] && kill "$server_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT

cat >"$folder/nats.conf" <<EOT
listen: "127.0.0.1:-1"
ports_file_dir: "$folder"
jetstream { store_dir: "$folder/store" }
EOT
"$server" -c "$folder/nats.conf" >"$folder/nats.log" 2>&1 &
server_pid=$!
ports=$folder/nats-server_$server_pid.ports
for _ in {1..200}; do [[ -s $ports ]] && break; sleep 0.05; done
url=$(jq -r '.nats[0]' "$ports")
port=${url##*:}

fresh_stream() {
  "$nats" -s "$url" stream rm -f BENCH >/dev/null 2>&1 || true
  "$nats" -s "$url" stream add BENCH --subjects bench --storage file --defaults >/dev/null
}
count_of() { case $1 in js-sync) echo 20000 ;; core) echo 2000000 ;; *) echo 300000 ;; esac; }

squall_once() { "$squall" "$port" "$1" "$(count_of "$1")" $size "$folder/ledger.bin" | jq -r '"\(.per_second) \(.cpu_seconds)"'; }
nats_once() {
  local -a what
  case $1 in
    js-sync) what=(js pub sync --stream BENCH) ;;
    js-async | js-read) what=(js pub async --batch 4096 --stream BENCH) ;;
    core) what=(pub) ;;
  esac
  local out times=$folder/times
  out=$( { TIMEFORMAT='%U %S'; time "$nats" -s "$url" bench "${what[@]}" bench --msgs "$(count_of "$1")" --size $size --no-progress 2>&1; } 2>"$times")
  echo "$(grep -oE '[0-9,]+ msgs/sec' <<<"$out" | tail -1 | tr -dc 0-9) $(awk '{print $1 + $2}' "$times")"
}

median() { sort -g | awk '{a[NR] = $1} END {print (NR % 2) ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }

echo "nats-server $("$server" --version | sed 's/.*v//'), nats $("$nats" --version), $size B, $rounds rounds in turns, $(nproc) CPUs"
printf '%-9s %12s %12s %7s %16s %16s\n' mode squall/s nats/s ratio 'squall CPU/100k' 'nats CPU/100k'
for mode in "${modes[@]}"; do
  : >"$folder/a"; : >"$folder/b"
  for ((round = 0; round < rounds; ++round)); do
    fresh_stream; squall_once "$mode" >>"$folder/a"
    fresh_stream; nats_once "$mode" >>"$folder/b"
  done
  scale=$(awk -v n="$(count_of "$mode")" 'BEGIN {print 100000 / n}')
  printf '%-9s %12.0f %12.0f %7.2f %14.2f s %14.2f s\n' "$mode" \
    "$(cut -d' ' -f1 "$folder/a" | median)" "$(cut -d' ' -f1 "$folder/b" | median)" \
    "$(paste -d' ' "$folder/a" "$folder/b" | awk '{print $1 / $3}' | median)" \
    "$(cut -d' ' -f2 "$folder/a" | awk -v s="$scale" '{print $1 * s}' | median)" \
    "$(cut -d' ' -f2 "$folder/b" | awk -v s="$scale" '{print $1 * s}' | median)"
done
