#!/usr/bin/env bash
# Runs a test program and fails if any process that it started is still alive afterwards. Every process
# inherits the mark in its environment, also one that left the session or was adopted by init.
set -u

SQUALL_TEST_MARK="squall-test-$$-$(date +%s%N)"
export SQUALL_TEST_MARK
"$@"
status=$?

survivors() {
  local environ pid state
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    [[ $pid == "$$" || $pid == "$BASHPID" ]] && continue
    grep -qzFx "SQUALL_TEST_MARK=$SQUALL_TEST_MARK" "$environ" 2>/dev/null || continue
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    # Gone meanwhile, or dead and waiting for init to reap it.
    [[ -z $state || $state == Z || $state == X ]] && continue
    echo "$pid"
  done
}

# What was killed with SIGKILL needs a moment to go; anything alive after 2 s was left behind.
for _ in {1..20}; do
  left=$(survivors)
  [[ -z $left ]] && exit "$status"
  sleep 0.1
done
echo "no_orphans: the test left processes behind:" >&2
for pid in $left; do
  echo "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" >&2
  kill -KILL "$pid" 2>/dev/null
done
[[ $status -ne 0 ]] && exit "$status"
exit 99
