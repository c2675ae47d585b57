# shellcheck shell=bash
# Loaded by the tests of squall's commands: where things are, what was said, and an experiment on the router.

setup_file() {
  export ROOT="$BATS_TEST_DIRNAME/../.."
  export SQUALL="$ROOT/build/dev/bin/squall"
  export SQUALL_BIN="$ROOT/build/dev/bin"
  export WORKER="$ROOT/tests/support/plain_worker.py" # takes orders.created, answers orders.confirmed
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

said() { [[ $output == *"$1"* ]] || { echo "$output"; false; }; }

# $1: the faults, in flow style; $2: more lines, if any.
router_experiment() {
  cp -r "$ROOT/experiments/router" .
  cat >router.yaml <<EOF
squall: 1
name: on-the-router
include: router/system.yaml
faults: $1
trials: {count: 1, baseline: 300ms, control: 500ms}
expect: {lost: 0, duplicates: 0, hit: any}
${2:-}
EOF
}
