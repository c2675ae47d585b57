#!/usr/bin/env bash
# Starts one nats-server with JetStream on loopback, for trying things out by hand, and waits until it is
# healthy. Experiments and the controlled suite start their own.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/nats_start.sh [--port N]
  --port N   the client port; default: the one that it had when it died, so that its clients find it again, else
             a free one, chosen by the server and printed
Idempotent: says so when it runs already. Everything it makes is under _artifacts/nats (SQUALL_ARTIFACTS replaces
_artifacts): nats.pid, nats.log, store. SQUALL_NATS_SERVER names another binary. See nats_status.sh, nats_stop.sh.
Exit codes: 0 runs and is healthy, 1 it does not, 2 bad usage or no nats-server, 3 the port is in use.
EOF
}

# shellcheck source-path=SCRIPTDIR source=nats_instance.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/nats_instance.sh"
readonly health_patience=15 # seconds

say() { echo "nats_start.sh: $*" >&2; }

port=-1
monitor_port=-1
while [[ $# -gt 0 ]]; do
  case $1 in
    --port)
      [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ && $2 -le 65535 ]] || { say "--port needs a number from 1 to 65535"; exit 2; }
      port=$2
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) say "unknown option '$1'"; usage >&2; exit 2 ;;
  esac
done

find_binary() {
  if [[ -n ${SQUALL_NATS_SERVER:-} ]]; then
    [[ -f $SQUALL_NATS_SERVER && -x $SQUALL_NATS_SERVER ]] || {
      say "SQUALL_NATS_SERVER is $SQUALL_NATS_SERVER, which is no executable file"
      return 2
    }
    readlink -f "$SQUALL_NATS_SERVER"
    return
  fi
  local found
  found=$(PATH=$PATH:/usr/sbin type -P nats-server) || {
    say "there is no nats-server on PATH nor at /usr/sbin/nats-server: apt-get install nats-server, or"
    say "SQUALL_NATS_SERVER=\$(scripts/nats_server.sh VERSION)"
    return 2
  }
  readlink -f "$found"
}

# Who listens on a TCP port that loopback reaches: "nats-server (pid 812)". Empty when nobody does.
owner_of_port() {
  local hex inode link pid
  hex=$(printf '%04X' "$1")
  # local address 127.0.0.1, any, ::1 or any (IPv6); state 0A is LISTEN; field 10 the socket's inode
  inode=$(awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port &&
    $2 ~ /^(0100007F|00000000|0{24}01000000|0{32}|0{16}FFFF00000100007F):/ {print $10; exit}' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null || true)
  [[ -n $inode ]] || return 0
  for link in /proc/[0-9]*/fd/*; do
    if [[ $(readlink "$link" 2>/dev/null) == "socket:[$inode]" ]]; then
      pid=${link#/proc/}
      pid=${pid%%/*}
      echo "$(cat "/proc/$pid/comm" 2>/dev/null || echo "a process") (pid $pid)"
      return
    fi
  done
  echo "a process of another user"
}

print_running() {
  echo "nats-server $(instance_field version) $1: $(instance_field url)"
  echo "  pid $(instance_field pid) · monitoring $(instance_field monitor) · log $instance_log"
}

# Port 4222 of nats://127.0.0.1:4222.
port_of() { [[ -z $1 ]] || echo "${1##*:}"; }

# A server that died comes back where its clients look for it, unless somebody else is there by now.
take_its_old_ports() {
  local client monitoring
  client=$(port_of "$(instance_field url)")
  monitoring=$(port_of "$(instance_field monitor)")
  if [[ $port == -1 && -n $client && -z $(owner_of_port "$client") ]]; then
    port=$client
    say "it died without a stop: it gets its port $port and its store again"
  fi
  if [[ -n $monitoring && -z $(owner_of_port "$monitoring") ]]; then monitor_port=$monitoring; fi
}

check_not_running() {
  instance_runs || { take_its_old_ports; instance_forget; return 0; }
  local url
  url=$(instance_field url)
  if [[ -z $url ]]; then
    say "an earlier start was cut off: its server (pid $(instance_field pid)) is ended"
    instance_end 10 >&2 || exit 1
    return 0
  fi
  if [[ $port != -1 && ${url##*:} != "$port" ]]; then
    say "it runs already, on $url; stop it first (scripts/nats_stop.sh) to have it on port $port"
    exit 1
  fi
  if ! instance_healthy "$(instance_field monitor)"; then
    say "it runs already (pid $(instance_field pid)) and is not healthy: scripts/nats_stop.sh ends it, then start again"
    exit 1
  fi
  print_running "runs already"
  exit 0
}

last_lines() {
  [[ -s $instance_log ]] || { echo "it said nothing in $instance_log"; return; }
  echo "the last lines of $instance_log:"
  tail -n 12 "$instance_log" | sed 's/^/  /'
}

died() {
  local status=0
  wait "$server" || status=$?
  say "nats-server died at start (exit code $status); $(last_lines)"
  instance_forget
  exit 1
}

# Ends what this script has started when it cannot finish.
give_up() {
  say "$1; $(last_lines)"
  kill -KILL "$server" 2>/dev/null || true
  instance_forget
  exit 1
}

binary=$(find_binary) || exit 2
if ! mkdir -p "$instance_folder/store" "$instance_folder/ports" 2>/dev/null || [[ ! -w $instance_folder ]]; then
  say "cannot write to $instance_folder"
  exit 1
fi
instance_lock
check_not_running
if [[ $port != -1 ]]; then
  owner=$(owner_of_port "$port")
  [[ -z $owner ]] || { say "port $port is in use by $owner"; exit 3; }
fi

# Beyond this point nothing of ours runs, and the port (if one was asked for) was free a moment ago.
rm -f "$instance_folder"/ports/*.ports
: >"$instance_log"
# It is known before it runs, so that whoever kills this script leaves no server that nobody knows: until then
# this one holds the lock (9), too, which the server must not.
(
  self=$BASHPID # in a command substitution it would be another one, perhaps with a later start
  jq -n --argjson pid "$self" --arg start_ticks "$(start_ticks_of "$self")" --arg binary "$binary" \
    '$ARGS.named' >"$instance_state.new"
  mv "$instance_state.new" "$instance_state"
  exec 9>&-
  exec setsid "$binary" --jetstream --store_dir "$instance_folder/store" --addr 127.0.0.1 --port "$port" \
    --http_port "$monitor_port" --ports_file_dir "$instance_folder/ports"
) </dev/null >>"$instance_log" 2>&1 &
server=$!
trap 'give_up "interrupted"' INT TERM HUP

deadline=$((SECONDS + health_patience))
ports_file=
while [[ -z $ports_file ]]; do
  kill -0 "$server" 2>/dev/null || died
  ((SECONDS < deadline)) || give_up "it did not open its ports within $health_patience s"
  ports_file=$(compgen -G "$instance_folder/ports/*_$server.ports") || sleep 0.02
  # Seen before it is written whole.
  [[ -z $ports_file ]] || jq -e '.nats[0] and .monitoring[0]' "$ports_file" >/dev/null 2>&1 || ports_file=
done
url=$(jq -r '.nats[0]' "$ports_file")
monitor=$(jq -r '.monitoring[0]' "$ports_file")
jq -n --argjson pid "$server" --arg start_ticks "$(start_ticks_of "$server")" --arg url "$url" \
  --arg monitor "$monitor" --arg version "$("$binary" --version | sed 's/^nats-server: v//')" \
  --arg binary "$binary" --arg store "$instance_folder/store" '$ARGS.named' >"$instance_state.new"
mv "$instance_state.new" "$instance_state"
echo "$server" >"$instance_pid_file"

until instance_healthy "$monitor"; do
  kill -0 "$server" 2>/dev/null || died
  ((SECONDS < deadline)) || give_up "it is not healthy after $health_patience s"
  sleep 0.02
done
trap - INT TERM HUP
print_running "started"
