#!/usr/bin/env bash
# Tests the tester: runs the suite against a router with one known defect each, and demands that the case which
# is there for it fails, and says what is broken. The honest router passes the same cases (ctest runs them all).
# usage: planted_defects.sh [--times N] [DEFECT ...]   (default: all, once; each time has another seed)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 70

suite=${SQUALL_SUITE:-build/dev/bin/router_chaos_controlled_suite}
artifacts=$(mktemp -d)
trap 'rm -rf "$artifacts"' EXIT

# defect | case | what the output must say
expectations=(
  'ack_before_assignment|test_router_supervisor_kill_recovery|every acknowledged request has its stored assignment and usage event: [1-9][0-9]* of'
  'no_message_id|test_nats_kill_recovery|no request has two stored assignments or usage events: [1-9][0-9]* of'
  'slow_reconnect|test_nats_kill_recovery|new work flows within 1.5 s of the broker being ready, plus 0.25 ms per repeat: [1-9]'
  'give_up_reconnecting|test_nats_kill_recovery|every role reconnected by itself: no'
  'never_leave_backpressure|test_jetstream_lag_backpressure|backpressure began inactive, became active, and is inactive again: inactive .* active$'
  'lose_at_drain|test_router_drain_loses_nothing|every acknowledged request has its stored assignment and usage event: [1-9][0-9]* of'
  'restart_loop|test_control_no_fault|no process of the router was restarted|did not come up'
)

times=1
if [[ ${1:-} == --times ]]; then
  times=${2:?--times needs a number}
  shift 2
fi
wanted=("$@")
passed=0
failed=0

missed() { # $1: why
  echo "MISSED  $defect (seed $seed): $test_name $1"
  tail -n 60 "$artifacts/$defect.out"
  failed=$((failed + 1))
}

try() { # $1: an expectation, $2: the seed
  local defect test_name says seed=$2 started=$SECONDS status=0
  IFS='|' read -r defect test_name says <<<"$1"
  if ((${#wanted[@]})) && [[ " ${wanted[*]} " != *" $defect "* ]]; then return; fi
  "$suite" --artifacts "$artifacts" --only "$test_name" --defect "$defect" --give-up-after 6 --seed "$seed" \
    >"$artifacts/$defect.out" 2>&1 || status=$?
  if ((status != 1 && status != 3)); then
    missed "ended with exit code $status"
  elif ! grep -qE "$says" "$artifacts/$defect.out"; then
    missed "failed, but did not say /$says/"
  else
    echo "caught  $defect by $test_name in $((SECONDS - started)) s: $(grep -oEm1 "$says" "$artifacts/$defect.out")"
    passed=$((passed + 1))
  fi
}

first_seed=7 # as the suite's own
for ((seed = first_seed; seed < first_seed + times; ++seed)); do
  for entry in "${expectations[@]}"; do try "$entry" "$seed"; done
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
