#!/usr/bin/env bats
# nats_start.sh, nats_status.sh, nats_stop.sh and nats_server.sh, each test with an artifacts folder of its own.

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || return
  work=$(mktemp -d)
  export SQUALL_ARTIFACTS=$work/artifacts
  state=$SQUALL_ARTIFACTS/nats/nats.json
}

teardown() {
  [[ -z ${squatter:-} ]] || kill -KILL "$squatter" 2>/dev/null || true
  scripts/nats_stop.sh --grace 1 >/dev/null
  rm -rf "$work"
}

field() { jq -r ".$1" "$state"; }

# A program that stands in for nats-server: answers --version, else does what is given.
fake_server() {
  cat >"$work/fake-server" <<EOF
#!/bin/bash
if [[ \$1 == --version ]]; then echo "nats-server: v2.9.10"; exit 0; fi
$1
EOF
  chmod +x "$work/fake-server"
  export SQUALL_NATS_SERVER=$work/fake-server
}

@test "start prints a working url and status agrees" {
  run scripts/nats_start.sh
  [ "$status" -eq 0 ]
  [[ $output == *"started: nats://127.0.0.1:"* ]]
  run scripts/nats_status.sh
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "running, healthy" ]]
  [[ $output == *"$(field url)"* && $output == *"pid"*"$(field pid)"* && $output == *"$(field version)"* ]]
  [[ $output == *"$SQUALL_ARTIFACTS/nats/store"* ]]
  [ "$(cat "$SQUALL_ARTIFACTS/nats/nats.pid")" = "$(field pid)" ]
  url=$(field url)
  read -r info <"/dev/tcp/127.0.0.1/${url##*:}"
  [[ $info == INFO*'"jetstream":true'* ]]
}

@test "start is idempotent and refuses another port while it runs" {
  scripts/nats_start.sh
  pid=$(field pid)
  run scripts/nats_start.sh
  [ "$status" -eq 0 ]
  [[ $output == *"runs already"* ]]
  [ "$(field pid)" = "$pid" ]
  run scripts/nats_start.sh --port 1
  [ "$status" -eq 1 ]
  [[ $output == *"it runs already, on $(field url)"* ]]
}

@test "two starts at once start one server" {
  scripts/nats_start.sh >"$work/one" &
  first=$!
  scripts/nats_start.sh >"$work/two"
  wait "$first"
  [ "$(cat "$work/one" "$work/two" | grep -c 'runs already')" -eq 1 ]
  [ "$(cat "$work/one" "$work/two" | grep -c 'started:')" -eq 1 ]
}

@test "stop ends it, twice, and it starts again on the port that was asked for" {
  scripts/nats_start.sh
  url=$(field url)
  pid=$(field pid)
  run scripts/nats_stop.sh
  [ "$status" -eq 0 ]
  [ "$output" = "stopped: pid $pid by SIGTERM" ]
  run scripts/nats_stop.sh
  [ "$status" -eq 0 ]
  [ "$output" = "not running" ]
  run scripts/nats_status.sh
  [ "$status" -eq 1 ]
  scripts/nats_start.sh --port "${url##*:}"
  [ "$(field url)" = "$url" ]
}

@test "a busy port is refused with its owner" {
  SQUALL_ARTIFACTS=$work/other scripts/nats_start.sh
  url=$(jq -r .url "$work/other/nats/nats.json")
  pid=$(<"$work/other/nats/nats.pid")
  run scripts/nats_start.sh --port "${url##*:}"
  SQUALL_ARTIFACTS=$work/other scripts/nats_stop.sh
  [ "$status" -eq 3 ]
  [[ $output == *"port ${url##*:} is in use by nats-server (pid $pid)"* ]]
  [ ! -e "$state" ]
}

@test "a server that dies at start is reported with its last lines" {
  fake_server 'echo "cannot bind the frobnicator" >&2; exit 3'
  run scripts/nats_start.sh
  [ "$status" -eq 1 ]
  [[ $output == *"died at start"*"cannot bind the frobnicator"* ]]
  run scripts/nats_status.sh
  [ "$status" -eq 1 ]
}

@test "a missing binary is named" {
  SQUALL_NATS_SERVER=/no/such/server run scripts/nats_start.sh
  [ "$status" -eq 2 ]
  [[ $output == *"SQUALL_NATS_SERVER is /no/such/server, which is no executable file"* ]]
}

@test "an artifacts folder that cannot be written is named" {
  SQUALL_ARTIFACTS=/proc/squall run scripts/nats_start.sh
  [ "$status" -eq 1 ]
  [[ $output == *"cannot write to /proc/squall/nats"* ]]
}

@test "a killed server is not running, and the next start is clean" {
  scripts/nats_start.sh
  kill -KILL "$(field pid)"
  run scripts/nats_status.sh
  [ "$status" -eq 1 ]
  [[ $output == *"not running"*"$(field url)"*"$SQUALL_ARTIFACTS/nats/store"* ]]
  url=$(field url)
  monitor=$(field monitor)
  run scripts/nats_start.sh
  [ "$status" -eq 0 ]
  [[ $output == *"gets its port ${url##*:}"*"started: $url"* ]]
  [ "$(field monitor)" = "$monitor" ]
}

servers_of_ours() {
  local servers=0 line
  for line in /proc/[0-9]*/cmdline; do
    if { tr '\0' ' ' <"$line"; } 2>/dev/null | grep -q -- "--store_dir $SQUALL_ARTIFACTS/nats/store"; then
      servers=$((servers + 1))
    fi
  done
  echo "$servers"
}

# A start that is killed as soon as its server is known, and another one.
start_kill_start() {
  scripts/nats_start.sh 3>&- &
  start=$!
  until [ -e "$state" ]; do sleep 0.001; done
  kill -KILL "$start"
  wait "$start" || true
  run scripts/nats_start.sh
  [ "$status" -eq 0 ]
  servers=$(servers_of_ours)
  [ "$servers" -eq 1 ] || { echo "$servers servers; $output"; ps -eo pid,ppid,args | grep "$SQUALL_ARTIFACTS"; false; }
}

@test "a start that is killed leaves no server that the next one does not know" {
  start_kill_start
}

@test "nor does one that is killed before its server's program runs" {
  # Half a second between the state file and the server, microseconds elsewhere.
  mkdir -p "$work/bin"
  printf '#!/bin/sh\nsleep 0.5\nexec /usr/bin/setsid "$@"\n' >"$work/bin/setsid"
  chmod +x "$work/bin/setsid"
  PATH=$work/bin:$PATH start_kill_start
}

@test "nor does one that is killed at any other moment" {
  for ms in 050 070 090 110 130 150 170; do
    timeout -s KILL "0.$ms" scripts/nats_start.sh 3>&- || true
    scripts/nats_start.sh 3>&-
    [ "$(servers_of_ours)" -eq 1 ]
    scripts/nats_stop.sh
    [ "$(servers_of_ours)" -eq 0 ]
  done
}

@test "a server is running while it becomes one" {
  # The moment of an exec, in which a process has no command line, several hundred times.
  printf '#!/bin/sh\nleft=$1\nshift\n[ "$left" -eq 0 ] || exec "$0" $((left - 1)) "$@"\nexec bash -c "read -r _" "$@"\n' \
    >"$work/become"
  chmod +x "$work/become"
  mkfifo "$work/never"
  "$work/become" 1500 --store_dir "$SQUALL_ARTIFACTS/nats/store" 3>&- <>"$work/never" &
  becoming=$!
  mkdir -p "$SQUALL_ARTIFACTS/nats"
  jq -n --argjson pid "$becoming" --arg ticks "$(awk '{print $22}' "/proc/$becoming/stat")" \
    --arg binary "$(readlink -f "$(type -P bash)")" '{pid: $pid, start_ticks: $ticks, binary: $binary}' >"$state"
  run scripts/nats_status.sh
  kill -KILL "$becoming"
  [[ ${lines[0]} == running* ]]
}

@test "a frozen server is not healthy and is stopped all the same" {
  scripts/nats_start.sh
  kill -STOP "$(field pid)"
  run scripts/nats_status.sh
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == "running, not healthy" ]]
  run scripts/nats_start.sh
  [ "$status" -eq 1 ]
  [[ $output == *"is not healthy: scripts/nats_stop.sh ends it"* ]]
  run scripts/nats_stop.sh
  [ "$status" -eq 0 ]
  [[ $output == "stopped: pid "*" by SIGTERM" ]]
}

@test "stop never signals a process that only has the pid" {
  sleep 60 3>&- &
  squatter=$!
  mkdir -p "$SQUALL_ARTIFACTS/nats"
  # Its pid, but another start time; then its start time too, but another program.
  jq -n --argjson pid "$squatter" '{pid: $pid, start_ticks: "1", binary: "/usr/bin/sleep"}' >"$state"
  run scripts/nats_stop.sh
  [ "$output" = "not running" ]
  jq -n --argjson pid "$squatter" --arg ticks "$(awk '{print $22}' "/proc/$squatter/stat")" \
    '{pid: $pid, start_ticks: $ticks, binary: "/usr/sbin/nats-server"}' >"$state"
  run scripts/nats_stop.sh
  [ "$output" = "not running" ]
  kill -0 "$squatter"
}

@test "stop escalates to SIGKILL" {
  # As a server in the ENOSPC deadlock does, this ignores SIGTERM; the state file says that it is ours.
  mkdir -p "$SQUALL_ARTIFACTS/nats"
  bash -c "trap '' TERM; touch '$work/deaf'; while :; do sleep 0.1; done" 3>&- &
  squatter=$!
  for _ in {1..500}; do [[ -e $work/deaf ]] && break; sleep 0.02; done
  jq -n --argjson pid "$squatter" --arg ticks "$(awk '{print $22}' "/proc/$squatter/stat")" \
    --arg binary "$(readlink "/proc/$squatter/exe")" '{pid: $pid, start_ticks: $ticks, binary: $binary}' >"$state"
  run scripts/nats_stop.sh --grace 1
  [ "$status" -eq 0 ]
  [ "$output" = "stopped: pid $squatter by SIGKILL (1 s after SIGTERM)" ]
}

@test "a state file that is damaged counts as not running" {
  mkdir -p "$SQUALL_ARTIFACTS/nats"
  echo '{"pid": 1' >"$state"
  run scripts/nats_status.sh
  [ "$status" -eq 1 ]
  run scripts/nats_start.sh
  [ "$status" -eq 0 ]
}

@test "bad usage is exit 2, help is exit 0" {
  for script in nats_start nats_status nats_stop; do
    run "scripts/$script.sh" --nonsense
    [ "$status" -eq 2 ]
    run "scripts/$script.sh" --help
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "usage: scripts/$script.sh"* ]]
  done
  for port in 0 65536 x ""; do
    run scripts/nats_start.sh --port "$port"
    [ "$status" -eq 2 ]
  done
  run scripts/nats_start.sh --port
  [ "$status" -eq 2 ]
}

@test "nats_server.sh refuses what is no version" {
  for version in "" latest 2.10 "2.10.29; true" ../x; do
    run scripts/nats_server.sh "$version"
    [ "$status" -eq 2 ]
  done
  run scripts/nats_server.sh --help
  [ "$status" -eq 0 ]
}

@test "nats_server.sh says so when there is no Go" {
  mkdir "$work/bin"
  for tool in bash dirname grep cat mkdir; do ln -s "$(type -P "$tool")" "$work/bin/$tool"; done
  PATH=$work/bin SQUALL_BUILD=$work/build run scripts/nats_server.sh 2.10.29
  [ "$status" -eq 2 ]
  [[ $output == *"there is no Go on PATH to build nats-server 2.10.29 with"* ]]
}

@test "nats_server.sh uses what it has built already" {
  mkdir -p "$work/build/nats-server/2.10.29" "$work/bin"
  printf '#!/bin/sh\necho "nats-server: v2.10.29"\n' >"$work/build/nats-server/2.10.29/nats-server"
  chmod +x "$work/build/nats-server/2.10.29/nats-server"
  SQUALL_BUILD=$work/build run scripts/nats_server.sh v2.10.29
  [ "$status" -eq 0 ]
  [ "$output" = "$work/build/nats-server/2.10.29/nats-server" ]
}
