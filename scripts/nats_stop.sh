#!/usr/bin/env bash
# Stops the nats-server of nats_start.sh: SIGTERM, then SIGKILL. Its store stays.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/nats_stop.sh [--grace SECONDS]
  --grace SECONDS   how long SIGTERM may take before SIGKILL; default 10
Idempotent: fine when nothing runs. It signals only a process that it knows to be that server (pid, start time and
program), never one by its name.
Exit codes: 0 does not run, 1 it could not be stopped, 2 bad usage.
EOF
}

# shellcheck source-path=SCRIPTDIR source=nats_instance.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/nats_instance.sh"

grace=10
while [[ $# -gt 0 ]]; do
  case $1 in
    --grace)
      [[ ${2:-} =~ ^[0-9]{1,4}$ ]] || { echo "nats_stop.sh: --grace needs a number of seconds" >&2; exit 2; }
      grace=$2
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "nats_stop.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
done

if [[ -d $instance_folder && -w $instance_folder ]]; then instance_lock; fi
if ! instance_runs; then
  instance_forget
  echo "not running"
  exit 0
fi
instance_end "$grace"
