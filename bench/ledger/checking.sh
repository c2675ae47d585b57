#!/usr/bin/env bash
# What the ledger of a run costs: bytes a message on disk, and the time and memory of folding it and asking all
# checkers, in turns with a peer that judges losses, duplicates and strangers with a hash table.
set -euo pipefail

usage() {
  cat <<'EOT'
usage: bench/ledger/checking.sh [ROUNDS] [MESSAGES]      default: 7 rounds of 10000000
Needs check_bench (scripts/build.sh release check_bench); SQUALL_BENCH_BIN names another folder than
build/release/bin. Writes about 16 bytes a message to a folder in TMPDIR, and removes it.
EOT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-7}
messages=${2:-10000000}
bench=${SQUALL_BENCH_BIN:-$root/build/release/bin}/check_bench
[[ -x $bench ]] || { usage >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# shellcheck source-path=SCRIPTDIR source=../common.sh
source "$root/bench/common.sh"
of() { jq -r ".$2" "$folder/$1" | median; }

"$bench" write "$folder/ledger.bin" "$messages" >"$folder/write"
for ((round = 0; round < rounds; ++round)); do
  # The other one first each time.
  order=(check peer)
  ((round % 2)) && order=(peer check)
  for what in "${order[@]}"; do "$bench" "$what" "$folder/ledger.bin" >>"$folder/$what"; done
done

echo "$messages messages, $(jq -r .records "$folder/check" | head -1) records, $rounds rounds in turns, $(nproc) CPUs"
echo "on disk           $(of write bytes_per_message) bytes a message, written in $(of write seconds) s"
echo "squall            $(of check seconds) s (folded $(of check folded) s), peak $(of check peak_mib) MiB"
echo "hash table        $(of peer seconds) s, peak $(of peer peak_mib) MiB"
echo "ratio of times    $(paste <(jq .seconds "$folder/check") <(jq .seconds "$folder/peer") | awk '{print $1 / $2}' | median) (squall to hash table, median of the pairs)"
