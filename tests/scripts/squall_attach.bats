#!/usr/bin/env bats
# `squall run` on what somebody else runs: processes found by their command line, which reach NATS through a link that
# listens where they dial; and runs that end before their time.

load squall

teardown() {
  [[ -z ${service:-} ]] || kill -KILL -- "-$service" 2>/dev/null || true
  end_somebodys_server
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A worker with somebody who restarts it, as users have them; it dials $1.
start_service() {
  local worker
  worker=$("$ROOT/examples/setup.sh" node-worker 2>&1) || skip "$worker"
  mark=tag-$$-$RANDOM
  # Its restarter must not be found by the text itself.
  NATS_URL=nats://127.0.0.1:$1 WORKER="$worker --tag=$mark" \
    setsid bash -c 'while :; do $WORKER; sleep 0.05; done' >service.log 2>&1 3>&- &
  service=$!
}

# $1: what the kill is, in flow style.
attached_experiment() {
  cat >attached.yaml <<EOF
squall: 1
name: attached
nats:
  start: 1
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders: {matching: "worker.mjs --tag=$mark", restart: itself}
links:
  way: {to: nats, listen: "127.0.0.1:$port"}
probes:
  pulls: {consumer: ORDERS/worker}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":"","amount":1}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: [$1]
trials: {count: 2, baseline: 300ms, control: 300ms, recover_within: 5s}
expect: {lost: 0, duplicates: 0, hit: all}
EOF
}

@test "an attached service that dials a link is killed before its ack, and comes back by itself" {
  port=$(free_port)
  start_service "$port"
  attached_experiment '{kill: orders, when: {moment: before_ack, link: way}}'
  run "$SQUALL" run attached.yaml
  [ "$status" -eq 0 ] || { echo "$output"; cat service.log; false; }
  said "2 of 2 trials struck unfinished work"
  [ "$(grep -c 'before_ack of ORDERS#[0-9]* by orders-worker' <<<"$output")" -eq 2 ]
  kill -0 "$service"
}

@test "a target that is more processes than it may be is not struck" {
  port=$(free_port)
  start_service "$port"
  # Restarted as the first one: a worker that dials before the link listens ends.
  NATS_URL=nats://127.0.0.1:$port WORKER="node $ROOT/examples/node-worker/worker.mjs --tag=$mark" \
    setsid bash -c 'while :; do $WORKER; sleep 0.05; done' >/dev/null 2>&1 3>&- &
  local other=$!
  attached_experiment '{kill: orders, when: 300ms}'
  run "$SQUALL" run attached.yaml --trials 1
  kill -KILL -- "-$other"
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "orders is more than at_most 1: 2 live processes by a command line with"
}

@test "an abort condition ends the run and heals within a second" {
  router_experiment '[{freeze: nats-1, for: 60s}]' 'abort: [{probe: nats-1, red_for: 300ms}]'
  local began=$SECONDS
  run "$SQUALL" run router.yaml
  ((SECONDS - began < 30)) || { echo "$output"; false; }
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "aborted: probe nats-1 was red for"
  grep '"state":"undone"' _artifacts/latest/undo.jsonl
  local red aborted
  red=$(jq -s '[.[] | select(.kind == "effect")][0].t_ms' _artifacts/latest/timeline.jsonl)
  aborted=$(jq -s '[.[] | select(.what | startswith("aborted"))][0].t_ms' _artifacts/latest/timeline.jsonl)
  # 300 ms of red, 250 ms until a probe that is not answered says so, and less than 1 s to heal.
  jq -n --argjson red "$red" --argjson aborted "$aborted" -e '$aborted - $red < 1550' || { echo "$red $aborted"; false; }
}

@test "a fault strikes when a probe changes" {
  router_experiment '[{freeze: nats-1, for: 600ms}, {kill: decide-0, when: {probe: nats-1, becomes: green}}]'
  run "$SQUALL" run router.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  local thawed killed
  thawed=$(jq -s '[.[] | select(.kind == "heal")][0].t_ms' _artifacts/latest/timeline.jsonl)
  killed=$(jq -s '[.[] | select(.kind == "fault" and (.what | startswith("SIGKILL")))][0].t_ms' _artifacts/latest/timeline.jsonl)
  jq -n --argjson thawed "$thawed" --argjson killed "$killed" -e '$killed >= $thawed - 20' || { echo "$thawed $killed"; false; }
}

# $1: more of the section `nats`, in flow style.
on_their_server() {
  cat >theirs.yaml <<EOF
squall: 1
name: theirs
nats: {url: "$URL", shared: true$1}
processes:
  orders: {command: [$WORKER, --below], ready: {consumer: ORDERS/worker}}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":""}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: [{kill: orders, when: 300ms}]
trials: {count: 1, baseline: 300ms, control: 500ms, recover_within: 10s, drain_within: 5s}
expect: {lost: 0, duplicates: 0, hit: any}
$2
EOF
}

@test "what a killed run made on their server is told by its next run, with how to remove it" {
  command -v python3 >/dev/null || skip "no python3"
  somebodys_server
  make_streams
  on_their_server ', streams: {NEW: {subjects: [new.>]}}, consumers: {ORDERS/extra: {ack_wait: 1s}}' 'allow: {other_consumers: true}'
  "$SQUALL" run theirs.yaml >killed.out 2>&1 3>&- &
  killed=$!
  for _ in {1..400}; do grep -q '^control' killed.out && break; sleep 0.02; done
  kill -KILL "$killed"
  run "$SQUALL" run theirs.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "stream NEW is there already, made by squall, run "
  said "if that run is over, do so with nats stream rm NEW"
  api '$JS.API.STREAM.DELETE.NEW' >/dev/null
  run "$SQUALL" run theirs.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "do so with nats consumer rm ORDERS extra"
  api '$JS.API.CONSUMER.DELETE.ORDERS.extra' >/dev/null
  run "$SQUALL" run theirs.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "a stream or consumer of somebody's is neither changed nor called Squall's, and what Squall makes goes again" {
  command -v python3 >/dev/null || skip "no python3"
  somebodys_server
  make_streams
  api '$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.theirs' \
    '{"stream_name": "ORDERS", "config": {"durable_name": "theirs", "description": "do not touch", "ack_policy": "explicit", "max_deliver": 5}}' >/dev/null
  api '$JS.API.CONSUMER.INFO.ORDERS.theirs' | jq -S .config >before
  on_their_server ', streams: {NEW: {subjects: [new.>]}, ORDERS: {subjects: [orders.created]}}' ''
  run "$SQUALL" run theirs.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "stream ORDERS is there already: Squall makes its own, and changes none"
  [[ $output != *"stream rm"* ]] || { echo "$output"; false; }
  [ "$(api '$JS.API.STREAM.LIST' '{}' | jq -c '[.streams[].config.name] | sort')" = '["CONFIRMED","ORDERS"]' ]
  on_their_server ', consumers: {ORDERS/theirs: {ack_wait: 7s}}' ''
  run "$SQUALL" run theirs.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "consumer ORDERS/theirs is there already: Squall makes its own, and changes none"
  api '$JS.API.CONSUMER.INFO.ORDERS.theirs' | jq -S .config >after
  diff before after
  on_their_server ', streams: {NEW: {subjects: [new.>]}}, consumers: {ORDERS/extra: {ack_wait: 1s}}' 'allow: {other_consumers: true}'
  # Twice: what is left behind of the first would stop the second.
  for _ in 1 2; do
    run "$SQUALL" run theirs.yaml
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    said "No stream, consumer, process or connection"
  done
  [ "$(api '$JS.API.STREAM.LIST' '{}' | jq -c '[.streams[].config.name] | sort')" = '["CONFIRMED","ORDERS"]' ]
  [ "$(api '$JS.API.CONSUMER.LIST.ORDERS' '{}' | jq -c '[.consumers[].name] | sort')" = '["theirs","worker"]' ]
}

@test "who publishes on the input is found before the command works on anything" {
  command -v python3 >/dev/null || skip "no python3"
  somebodys_server
  make_streams
  on_their_server '' ''
  (while :; do api orders.created '{"order_id": "theirs"}' || exit; done) >/dev/null 2>&1 3>&- &
  local publisher=$!
  run "$SQUALL" run theirs.yaml
  kill "$publisher"
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "orders.created"
  if grep -q 'orders started' _artifacts/latest/timeline.jsonl; then cat _artifacts/latest/timeline.jsonl; false; fi
}
