#!/usr/bin/env bash
# Squall's workload with its ledger on against libnats alone and `nats bench`, on the same nats-server, in turns.
# Prints a row per mode: median messages a second of the three, the median ratios of the rounds, and the client's
# CPU per 100,000 messages.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: bench/ledger/throughput.sh [ROUNDS] [MODE ...]
default: 5 rounds of js-sync js-async js-read core core-sub
core: core publishing, nobody subscribes; core-sub: one `nats bench sub` does, and its messages a second count, the
same subscriber for all three.
js-read: reads what a stream holds; squall by its ordered reader, as effects; the peers fetch and acknowledge, and
`nats bench js ordered` is shown, too.
Needs throughput_bench and libnats_peer (scripts/build.sh release throughput_bench libnats_peer; SQUALL_BENCH_BIN
names another folder than build/release/bin) and Go, for the NATS CLI (scripts/nats_cli.sh), or
NATS_CLI=/path/to/nats.
EOT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-5}
modes=("${@:2}")
[[ ${#modes[@]} -gt 0 ]] || modes=(js-sync js-async js-read core core-sub)
bin=${SQUALL_BENCH_BIN:-$root/build/release/bin}
[[ -x $bin/throughput_bench && -x $bin/libnats_peer ]] || { usage >&2; exit 2; }
nats=${NATS_CLI:-$("$root/scripts/nats_cli.sh")}
# shellcheck source-path=SCRIPTDIR source=../common.sh
source "$root/bench/common.sh"
size=256
folder=$(mktemp -d)
nats_server_pid=
trap '[[ -n $nats_server_pid ]] && kill "$nats_server_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
start_bench_server "$folder"
url=$nats_url
port=${url##*:}

fresh_stream() {
  "$nats" -s "$url" stream rm -f BENCH >/dev/null 2>&1 || true
  [[ $mode != core* ]] || return 0 # nobody stores what is only published
  "$nats" -s "$url" stream add BENCH --subjects bench --storage file --defaults >/dev/null
}
count_of() { case $1 in js-sync) echo 20000 ;; core) echo 5000000 ;; core-sub) echo 2000000 ;; *) echo 300000 ;; esac; }
bench() { "$nats" -s "$url" bench "$@" --msgs "$(count_of "$mode")" --size $size --no-progress 2>&1; }
fill_stream() { fresh_stream; bench js pub async bench --batch 4096 --stream BENCH >/dev/null; }

# Each prints messages a second and seconds of CPU.
squall_once() {
  fresh_stream
  "$bin/throughput_bench" "$port" "${mode%-sub}" "$(count_of "$mode")" $size "$folder/ledger.bin" |
    jq -r '"\(.per_second) \(.cpu_seconds)"'
}
libnats_once() {
  if [[ $mode == js-read ]]; then fill_stream; else fresh_stream; fi
  "$bin/libnats_peer" "$port" "${mode%-sub}" "$(count_of "$mode")" $size | jq -r '"\(.per_second) \(.cpu_seconds)"'
}
nats_once() {
  local -a what
  case $1 in
    js-sync) what=(js pub sync bench --stream BENCH) ;;
    js-async) what=(js pub async bench --batch 4096 --stream BENCH) ;;
    js-read) what=(js fetch --batch 512 --stream BENCH) ;;
    ordered) what=(js ordered --stream BENCH) ;;
    core*) what=(pub bench) ;;
  esac
  if [[ $mode == js-read ]]; then fill_stream; else fresh_stream; fi
  local times=$folder/times
  { TIMEFORMAT='%U %S'; time bench "${what[@]}" >"$folder/told"; } 2>"$times"
  echo "$(rate_told "$folder/told") $(awk '{print $1 + $2}' "$times")"
}

# What `nats bench` says that it did.
rate_told() { grep -oE '[0-9,]+ msgs/sec' "$1" | tail -1 | tr -dc 0-9; }
# $1 …: one of the above. The subscriber's rate, and the publisher's CPU.
with_subscriber() {
  bench sub bench >"$folder/subscriber" &
  local subscriber=$! out
  for _ in {1..500}; do
    [[ $(curl -s "$nats_monitor/subsz?subs=1&test=bench" | jq '.subscriptions_list | length') == 1 ]] && break
    sleep 0.02
  done
  out=$("$@")
  # A message that was lost on the way would keep it waiting for ever.
  for _ in {1..600}; do kill -0 "$subscriber" 2>/dev/null || break; sleep 0.1; done
  kill "$subscriber" 2>/dev/null && { echo "throughput.sh: the subscriber did not get all messages" >&2; return 1; }
  wait "$subscriber"
  echo "$(rate_told "$folder/subscriber") ${out#* }"
}

rate() { cut -d' ' -f1 "$folder/$1" | median; }
ratio() { paste -d' ' "$folder/squall" "$folder/$1" | awk '{print $1 / $3}' | median; }
cpu() { cut -d' ' -f2 "$folder/$1" | awk -v n="$(count_of "$mode")" '{print $1 * 100000 / n}' | median; }
row() { # $1: the mode as shown, $2: the file of `nats bench`
  printf '%-9s %10.0f %10.0f %10.0f %9.2f %9.2f %8.3f s %8.3f s %8.3f s\n' "$1" "$(rate squall)" "$(rate libnats)" \
    "$(rate "$2")" "$(ratio libnats)" "$(ratio "$2")" "$(cpu squall)" "$(cpu libnats)" "$(cpu "$2")"
}

echo "# $(describe_machine) · nats $("$nats" --version) · $size B · $rounds rounds in turns"
printf '%-9s %10s %10s %10s %9s %9s %10s %10s %10s\n' mode squall/s libnats/s nats/s 'to libnats' 'to nats' squall libnats 'nats, CPU/100k'
for mode in "${modes[@]}"; do
  ways=(squall_once libnats_once "nats_once $mode")
  [[ $mode != js-read ]] || ways+=("nats_once ordered")
  rm -f "$folder"/{squall,libnats,nats,ordered}
  for ((round = 0; round < rounds; ++round)); do
    # Another one first each time.
    for ((turn = 0; turn < ${#ways[@]}; ++turn)); do
      way=${ways[(round + turn) % ${#ways[@]}]}
      into=${way#nats_once }
      case $into in *_once) into=${into%_once} ;; ordered) ;; *) into=nats ;; esac
      [[ $mode != core-sub ]] || way="with_subscriber $way"
      $way >>"$folder/$into"
    done
  done
  row "$mode" nats
  [[ $mode != js-read ]] || row "ordered" ordered
done
