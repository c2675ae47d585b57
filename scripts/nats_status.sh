#!/usr/bin/env bash
# Says whether the nats-server of nats_start.sh runs and is healthy.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/nats_status.sh
Prints url, pid, version and store of the server that nats_start.sh started.
Exit codes: 0 runs and is healthy, 1 it does not, 2 bad usage.
EOF
}

# shellcheck source-path=SCRIPTDIR source=nats_instance.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/nats_instance.sh"

case ${1:-} in
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) echo "nats_status.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
esac

if ! instance_runs; then
  echo "not running"
  if [[ -e $instance_state ]]; then
    url=$(instance_field url)
    echo "  it was pid $(instance_field pid)${url:+ at $url}; its log is $instance_log"
    echo "  store $instance_folder/store; scripts/nats_start.sh starts it again there, on the same port"
  fi
  exit 1
fi
state=healthy
instance_healthy "$(instance_field monitor)" || state="not healthy"
echo "running, $state"
for field in url pid version store monitor; do
  printf '  %-8s %s\n' "$field" "$(instance_field "$field")"
done
[[ $state == healthy ]]
