# shellcheck shell=bash
# Sourced by nats_start.sh, nats_status.sh and nats_stop.sh: the one nats-server that they look after, and how
# to be sure that a pid is still that server. A pid file alone is never trusted: nats-server leaves it behind
# and pids are reused, so the start time counts too.

instance_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
instance_folder=${SQUALL_ARTIFACTS:-$instance_root/_artifacts}/nats
instance_state=$instance_folder/nats.json   # pid, start_ticks, url, monitor, version, binary, store
instance_pid_file=$instance_folder/nats.pid # the pid alone, for other tools
# shellcheck disable=SC2034  # used by those that source this
instance_log=$instance_folder/nats.log

# One field of the state; empty when there is none.
instance_field() {
  [[ -r $instance_state ]] || return 0
  jq -r --arg field "$1" '.[$field] // empty' "$instance_state" 2>/dev/null || true
}

# The start time of a process in clock ticks; empty for none, and for a zombie.
start_ticks_of() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  line=${line##*) } # the name in parentheses may hold anything
  local fields
  read -ra fields <<<"$line"
  [[ ${fields[0]} == [ZX] ]] || echo "${fields[19]}"
}

# Whether the server of the state file runs: same pid, same start time, same program.
instance_runs() {
  local pid ticks
  pid=$(instance_field pid)
  ticks=$(instance_field start_ticks)
  [[ -n $pid && -n $ticks ]] || return 1
  [[ $(start_ticks_of "$pid") == "$ticks" ]] || return 1
  # The state is written by what is about to become the server: the shell of nats_start.sh, then setsid. In the
  # middle of an exec a process has no command line.
  local program command
  for _ in {1..500}; do
    program=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    [[ ${program% (deleted)} != "$(instance_field binary)" ]] || return 0
    command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
    [[ -z $command || $command == *@(nats_start.sh|"--store_dir $instance_folder/store")* ]] || return 1
    sleep 0.01
  done
  return 1
}

instance_healthy() {
  [[ $(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "$1/healthz" 2>/dev/null) == 200 ]]
}

# One of start and stop at a time: what the other would see is half done. Descriptor 9; the server must not have it.
instance_lock() {
  exec 9>"$instance_folder/lock"
  flock --wait 30 9 || { echo "another nats_start.sh or nats_stop.sh holds $instance_folder/lock" >&2; exit 1; }
}

# SIGTERM, then SIGKILL after $1 seconds; says what it took. Fails when the server outlives both.
instance_end() {
  local pid how=SIGTERM
  pid=$(instance_field pid)
  kill -TERM "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true # a frozen one must run to end itself
  if ! instance_gone_within "$1"; then
    how="SIGKILL ($1 s after SIGTERM)"
    kill -KILL "$pid" 2>/dev/null || true
    instance_gone_within 5 || { echo "pid $pid outlives SIGKILL" >&2; return 1; }
  fi
  instance_forget
  echo "stopped: pid $pid by $how"
}

instance_gone_within() {
  local deadline=$((SECONDS + $1))
  while instance_runs; do
    ((SECONDS < deadline)) || return 1
    sleep 0.02
  done
}

instance_forget() { rm -f "$instance_state" "$instance_pid_file"; }
