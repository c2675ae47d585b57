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
source "$(dirname "${BASH_SOURCE[0]}")/nats_instance.sh"

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

if ! instance_runs; then
  instance_forget
  echo "not running"
  exit 0
fi
pid=$(instance_field pid)

# Returns once the server is gone, or fails after so many seconds.
gone_within() {
  local deadline=$((SECONDS + $1))
  while instance_runs; do
    ((SECONDS < deadline)) || return 1
    sleep 0.02
  done
}

kill -TERM "$pid" 2>/dev/null || true
kill -CONT "$pid" 2>/dev/null || true # a frozen one must run to end itself
how=SIGTERM
if ! gone_within "$grace"; then
  how="SIGKILL ($grace s after SIGTERM)"
  kill -KILL "$pid" 2>/dev/null || true
  gone_within 5 || { echo "nats_stop.sh: pid $pid outlives SIGKILL" >&2; exit 1; }
fi
instance_forget
echo "stopped: pid $pid by $how"
