#!/usr/bin/env bats
# What is wrong with the world rather than with the service: a named verdict that proves nothing, never a crash, a false
# pass or a false loss.

load squall

setup() {
  command -v python3 >/dev/null || skip "no python3"
  cd "$BATS_TEST_TMPDIR"
}

# $1: the input stream, in flow style; $2: how effects are matched; $3: more processes.
experiment() {
  cat >odd.yaml <<EOT
squall: 1
name: odd
nats:
  start: 1
  streams: {ORDERS: $1, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders: {command: [$WORKER], ready: {consumer: ORDERS/worker}}
${3:-}
workload:
  publish: orders.created
  rate: 40/s
  payload: {text: '{"order_id":""}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: $2}
trials: {count: 1, control: 1500ms, drain_within: 1s}
expect: {lost: 0, duplicates: 0}
EOT
}

inconclusive() {
  run timeout 60 "$SQUALL" run odd.yaml
  [ "$status" -eq 3 ] || { echo "status $status"; echo "$output"; false; }
  said INCONCLUSIVE
}

@test "a subject that nobody stores is inconclusive" {
  experiment '{subjects: [orders.other]}' '{json: /order_id}'
  inconclusive
  said "orders.created"
}

@test "a service that drops what effects are matched by is inconclusive, and no loss" {
  experiment '{subjects: [orders.created]}' '{header: Order-Id}'
  inconclusive
  said "without a fault none of"
  said "messages in CONFIRMED without an identity (header Order-Id)"
}

@test "a consumer that somebody deletes is named, and what it leaves undone is no loss in NATS" {
  experiment '{subjects: [orders.created]}' '{json: /order_id}' '  somebody:
    command:
      - bash
      - -c
      - '"'"'url=$${NATS_URL%%,*}; exec 3<>"/dev/tcp/127.0.0.1/$${url##*:}"; sleep 0.8; printf "CONNECT {}\r\nPUB \$JS.API.CONSUMER.DELETE.ORDERS.worker 0\r\n\r\n" >&3; sleep 100'"'"'
    stop_grace: 100ms'
  run timeout 60 "$SQUALL" run odd.yaml
  echo "$output"
  [ "$status" -eq 3 ]
  said "worker"
  [[ $output != *"lost in NATS"* && $output != *"NATS broke its promise"* ]]
}
