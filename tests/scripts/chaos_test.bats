# scripts/chaos_test.sh: what it refuses, what it leaves behind, and how it ends. The tests of the suite itself
# run as router_chaos_controlled_suite.

setup() {
  cd "$BATS_TEST_DIRNAME/../.."
  work=$(mktemp -d)
  export SQUALL_ARTIFACTS=$work/artifacts
  export SQUALL_SKIP_SETUP=1
}

teardown() {
  rm -rf "$work"
}

# A stand-in for nats-server that leaves a mark when anybody runs it.
fake_nats_server() {
  cat >"$work/nats-server" <<EOF
#!/bin/sh
touch "$work/was-run"
if [ "\$1" = --version ]; then echo "nats-server: v2.9.10"; exit 0; fi
$1
EOF
  chmod +x "$work/nats-server"
  export SQUALL_NATS_SERVER=$work/nats-server
}

# The processes whose environment carries this run's mark.
marked() {
  local environ pid state
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    [[ $pid == "$$" || $pid == "$BASHPID" ]] && continue
    grep -qzFx "SQUALL_CHAOS_MARK=$1" "$environ" 2>/dev/null || continue
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    [[ -z $state || $state == Z || $state == X ]] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  done
}

wait_until_none_marked() {
  for _ in {1..40}; do
    [[ -z $(marked "$1") ]] && return 0
    sleep 0.05
  done
  marked "$1"
  return 1
}

wait_for_line() { # file, pattern
  for _ in {1..600}; do
    grep -q "$2" "$1" 2>/dev/null && return 0
    sleep 0.05
  done
  cat "$1"
  return 1
}

@test "--help fits a screen and exits with 0" {
  run scripts/chaos_test.sh --help
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -le 24 ]
}

@test "--dry-run prints the plan and starts, makes and installs nothing" {
  fake_nats_server "exit 1"
  run scripts/chaos_test.sh --dry-run
  [ "$status" -eq 0 ]
  [[ $output == *test_nats_kill_recovery*FM-NATS-001* ]]
  [[ $output == *test_recovery_slo_router* ]]
  [ ! -e "$work/was-run" ]
  [ ! -e "$SQUALL_ARTIFACTS" ]
}

@test "wrong options are named, with exit code 2" {
  run scripts/chaos_test.sh --nonsense
  [ "$status" -eq 2 ]
  [[ $output == *"unknown option '--nonsense'"* ]]
  run scripts/chaos_test.sh --repeat many
  [ "$status" -eq 2 ]
  [[ $output == *"--repeat needs a number"* ]]
  run scripts/chaos_test.sh --only no_such_test
  [ "$status" -eq 2 ]
  [[ $output == *"no test is called 'no_such_test'"*test_nats_kill_recovery* ]]
}

@test "all problems of the pre-flight are told at once, with exit code 3" {
  export SQUALL_NATS_SERVER=$work/missing
  touch "$SQUALL_ARTIFACTS"
  run scripts/chaos_test.sh
  [ "$status" -eq 3 ]
  [[ $output == *"2 problem(s)"* ]]
  [[ $output == *"$work/missing is not an executable file"* ]]
  [[ $output == *"exists and is not a folder"* ]]
}

@test "an artifacts folder that cannot be written is told" {
  mkdir "$work/ro"
  mount -t tmpfs -o ro,size=4k none "$work/ro" || skip "needs the right to mount"
  SQUALL_ARTIFACTS=$work/ro run scripts/chaos_test.sh
  umount "$work/ro"
  [ "$status" -eq 3 ]
  [[ $output == *"$work/ro is not writable"* ]]
  mount -t tmpfs -o ro,size=4k none "$work/ro"
  SQUALL_ARTIFACTS=$work/ro/deeper/still run scripts/chaos_test.sh
  umount "$work/ro"
  [ "$status" -eq 3 ]
  [[ $output == *"$work/ro is not writable"* ]]
}

@test "a broker that is too old is refused" {
  fake_nats_server "exit 1"
  sed -i 's/v2.9.10/v2.8.4/' "$work/nats-server"
  run scripts/chaos_test.sh --only test_control_no_fault
  [ "$status" -eq 3 ]
  [[ $output == *"2.8.4"* ]]
}

@test "a broker that dies at its start is reported with its last words" {
  fake_nats_server "echo 'my store is broken' >&2; exit 1"
  run scripts/chaos_test.sh --only test_control_no_fault
  [ "$status" -eq 3 ]
  [[ $output == *"my store is broken"* ]]
  [[ $output == *"inconclusive"* ]]
}

@test "a router that ends at its start, or never gets ready, is reported" {
  suite=build/dev/bin/router_chaos_controlled_suite
  printf '#!/bin/sh\necho "no policy, no router"; exit 2\n' >"$work/router"
  chmod +x "$work/router"
  run "$suite" --artifacts "$SQUALL_ARTIFACTS" --only test_control_no_fault --router "$work/router"
  [ "$status" -eq 3 ]
  [[ $output == *"the router ended at its start (exit code 2)"*"no policy, no router"* ]]
  printf '#!/bin/sh\necho "thinking"; exec sleep 60\n' >"$work/router"
  run "$suite" --artifacts "$SQUALL_ARTIFACTS" --only test_control_no_fault --router "$work/router" --start-timeout 1
  [ "$status" -eq 3 ]
  [[ $output == *"did not serve HTTP within 1.00 s"*thinking* ]]
}

# As a terminal does it: the signal goes to the script and to everything in its process group.
start_as_a_group() {
  export SQUALL_CHAOS_MARK=group-$$-$RANDOM
  mark=$SQUALL_CHAOS_MARK
  setsid env --default-signal=INT scripts/chaos_test.sh "$@" >"$work/out" 2>&1 3>&- &
  script=$!
  unset SQUALL_CHAOS_MARK
}

ctrl_c() {
  kill -INT -- "-$script"
  status=0
  wait "$script" || status=$?
}

# A stand-in for ninja, the only thing that build.sh runs for long.
fake_ninja() {
  mkdir -p "$work/bin"
  printf '#!/bin/sh\necho "[1/9] compiling"\ntouch "%s"\n%s\n' "$work/builds" "$1" >"$work/bin/ninja"
  chmod +x "$work/bin/ninja"
}

@test "a build that fails is no violation: exit code 3, with the end of its log" {
  fake_ninja "echo 'error: no such header'; exit 1"
  PATH=$work/bin:$PATH run scripts/chaos_test.sh --only test_control_no_fault
  [ "$status" -eq 3 ]
  [[ $output == *"build: FAILED"*"no such header"* ]]
}

@test "a signal to the script during the build ends both at once" {
  fake_ninja "exec sleep 60"
  for signal in INT:130 TERM:143 HUP:143 KILL:137; do
    rm -f "$work/builds"
    PATH=$work/bin:$PATH start_as_a_group --only test_control_no_fault
    for _ in {1..200}; do [ -e "$work/builds" ] && break; sleep 0.05; done
    kill -s "${signal%:*}" "$script"
    status=0
    wait "$script" || status=$?
    [ "$status" -eq "${signal#*:}" ] || { echo "$signal: $status"; cat "$work/out"; false; }
    wait_until_none_marked "$mark"
  done
}

@test "Ctrl-C in mid-run ends with 130, a report, and nothing left" {
  start_as_a_group --only test_nats_kill_recovery
  wait_for_line "$work/out" "trial  1"
  ctrl_c
  [ "$status" -eq 130 ]
  wait_until_none_marked "$mark"
  grep -q "interrupted by SIGINT" "$work/out"
  grep -q "^report     " "$work/out"
  [ -f "$SQUALL_ARTIFACTS"/latest/verdict.json ]
  [ -z "$(ls "$SQUALL_ARTIFACTS/.work")" ]
}

@test "a signal to the whole group, as of timeout or a closed terminal, does not cost the end of the log" {
  for signal in TERM HUP; do
    start_as_a_group --only test_nats_kill_recovery
    wait_for_line "$work/out" "trial  1"
    kill -s "$signal" -- "-$script"
    status=0
    wait "$script" || status=$?
    [ "$status" -eq 143 ] || { echo "$signal: $status"; cat "$work/out"; false; }
    wait_until_none_marked "$mark"
    for said in "$work/out" "$(ls -t "$SQUALL_ARTIFACTS"/chaos_test_*.log | head -n 1)"; do
      grep -q "interrupted by SIGTERM" "$said"
      grep -q "^test_nats_kill_recovery .* – .* – " "$said" # nothing of it was judged
      grep -q "^report     " "$said"
    done
  done
}

@test "a suite that is cut off names what did not run" {
  start_as_a_group --only 'test_router_*'
  wait_for_line "$work/out" "^test_router_supervisor"
  ctrl_c
  [ "$status" -eq 130 ]
  grep -q "0 of 3 tests passed, 1 inconclusive, 2 not run" "$work/out"
}

@test "called by a symlink, and from another folder with a folder of one's own, it is the same" {
  ln -s "$PWD/scripts/chaos_test.sh" "$work/link.sh"
  root=$PWD
  cd "$work"
  SQUALL_ARTIFACTS=mine run ./link.sh --dry-run --only 'test_nats_*'
  [ "$status" -eq 0 ]
  [[ $output == *test_nats_kill_recovery* && $output != *test_router* ]]
  SQUALL_ARTIFACTS=/proc/none run ./link.sh
  [ "$status" -eq 3 ]
  cd "$root"
}

@test "Ctrl-C before the first trial ends with 130 and nothing left, whatever it interrupts" {
  # During set-up and build; when the suite has begun; when broker and router come up.
  for moment in "controlled chaos tests" "up to date" "preflight" "test_nats_kill_recovery"; do
    start_as_a_group --only test_nats_kill_recovery
    wait_for_line "$work/out" "$moment"
    ctrl_c
    [ "$status" -eq 130 ] || { echo "$moment: $status"; cat "$work/out"; false; }
    wait_until_none_marked "$mark"
  done
}

@test "a signal that comes while a child is still being started is not lost" {
  # Until env has restored it, SIGINT is ignored in a background process: half a second here, microseconds elsewhere.
  mkdir -p "$work/bin"
  printf '#!/bin/sh\nsleep 0.5\nexec /usr/bin/env "$@"\n' >"$work/bin/env"
  chmod +x "$work/bin/env"
  for moment in "controlled chaos tests" "up to date"; do
    PATH=$work/bin:$PATH start_as_a_group --only test_control_no_fault
    wait_for_line "$work/out" "$moment"
    ctrl_c
    [ "$status" -eq 130 ] || { echo "$moment: $status"; cat "$work/out"; false; }
    ! grep -q "^test_control_no_fault" "$work/out"
    wait_until_none_marked "$mark"
  done
}

@test "the script killed with SIGKILL takes all its processes with it, and the next run starts clean" {
  export SQUALL_CHAOS_MARK=kill-$$-$RANDOM
  env --default-signal=INT scripts/chaos_test.sh --only test_nats_kill_recovery >"$work/out" 2>&1 &
  script=$!
  wait_for_line "$work/out" "trial  1"
  kill -KILL "$script"
  wait "$script" || true
  mark=$SQUALL_CHAOS_MARK
  unset SQUALL_CHAOS_MARK
  wait_until_none_marked "$mark"
  [ -n "$(ls "$SQUALL_ARTIFACTS/.work")" ]
  run scripts/chaos_test.sh --only test_control_no_fault
  [ "$status" -eq 0 ]
  [ -z "$(ls "$SQUALL_ARTIFACTS/.work")" ]
}
