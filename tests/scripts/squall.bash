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
trials: {count: 1, baseline: 300ms, control: 500ms, recover_within: 20s, drain_within: 10s}
expect: {lost: 0, duplicates: 0, hit: any}
${2:-}
EOF
}

# A server of somebody's, with the streams and the consumer that the worker wants; its URL in $URL.
somebodys_server() {
  mkdir -p store
  printf 'listen: 127.0.0.1:-1\njetstream {store_dir: "%s/store"}\n' "$PWD" >nats.conf
  nats-server -c nats.conf --ports_file_dir "$PWD" >nats.log 2>&1 3>&- &
  echo $! >nats.pid
  for _ in $(seq 500); do
    ports=$(ls nats-server_*.ports 2>/dev/null) && [ -s "$ports" ] && break
    read -rt 0.01 <> <(:) || true
  done
  URL=$(jq -r '.nats[0]' "$ports")
  export URL
}

api() { # SUBJECT JSON
  python3 "$ROOT/tests/support/nats_request.py" "$URL" "$1" "${2:-}"
}

make_streams() {
  api '$JS.API.STREAM.CREATE.ORDERS' '{"name": "ORDERS", "subjects": ["orders.created"]}' >/dev/null
  api '$JS.API.STREAM.CREATE.CONFIRMED' '{"name": "CONFIRMED", "subjects": ["orders.confirmed.>"]}' >/dev/null
  api '$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.worker' \
    '{"stream_name": "ORDERS", "config": {"durable_name": "worker", "ack_policy": "explicit", "ack_wait": 2000000000}}' >/dev/null
}

end_somebodys_server() {
  [ ! -e nats.pid ] || kill -9 "$(cat nats.pid)" 2>/dev/null || true
}
