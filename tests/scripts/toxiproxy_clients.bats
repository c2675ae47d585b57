#!/usr/bin/env bats
# Toxiproxy's own client libraries, from their registries and as they are, against `squall proxy`. Skipped where
# tests/clients/prepare.sh could not install them.

setup_file() {
  export ROOT="$BATS_TEST_DIRNAME/../.."
  export SQUALL="$ROOT/build/dev/bin/squall"
  export CLIENTS="$ROOT/build/dev/clients"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  "$SQUALL" proxy --api 127.0.0.1:0 >out 2>err 3>&- &
  pid=$!
  python3 "$ROOT/tests/support/echo_server.py" port 3>&- &
  echo_pid=$!
  for _ in $(seq 500); do
    grep -q '^api' out && [ -f port ] && break
    sleep 0.02
  done
  api=$(awk '$1 == "api" {print $2}' out)
}

teardown() {
  kill -KILL "$pid" "$echo_pid"
}

@test "the Node client passes its usual flows" {
  [ -f "$CLIENTS/nats.js.ready" ] || skip "not installed: tests/clients/prepare.sh"
  run timeout 60 node "$CLIENTS/js/toxiproxy_flows.mjs" "$api" "$(cat port)"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^ok: ' <<<"$output")" -eq 6 ]
}

@test "the Python client passes its usual flows" {
  [ -f "$CLIENTS/nats-py.ready" ] || skip "not installed: tests/clients/prepare.sh"
  run timeout 60 "$CLIENTS/py/bin/python3" "$ROOT/tests/clients/py/toxiproxy_flows.py" 127.0.0.1 "${api##*:}" "$(cat port)"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^ok: ' <<<"$output")" -eq 7 ]
}

@test "what Testcontainers' modules for Java and Node send works, and cuts and mends a connection" {
  run timeout 60 python3 "$ROOT/tests/toxiproxy/testcontainers.py" "$api" "$(cat port)"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^ok: ' <<<"$output")" -eq 2 ]
}
