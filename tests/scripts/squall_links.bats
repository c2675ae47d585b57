#!/usr/bin/env bats
# `squall run` with links between the processes and NATS: their faults, the moments at which they hold a frame, and
# what is left of them. With a real broker, router and (where it can be had) Node.

load squall

# $1: the worker's mistake, $2: the moment of the kill.
worker_experiment() {
  local worker
  worker=$("$ROOT/examples/setup.sh" node-worker 2>&1) || skip "$worker"
  read -ra words <<<"$worker"
  cat >worker.yaml <<EOF
squall: 1
name: orders
nats:
  start: 1
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders:
    command: [${words[0]}, ${words[1]}, --wrong=$1]
    ready: {log: "worker: ready"}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":"","amount":1}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: [{kill: orders, when: $2}]
trials: {count: 3, baseline: 300ms, control: 300ms, recover_within: 2s, drain_within: 2s}
expect: {lost: 0, duplicates: 0, hit: all}
EOF
}

@test "a PubAck that is lost after the store is repeated by the router, with one effect each" {
  run "$SQUALL" run "$ROOT/experiments/puback-lost.yaml" --trials 1
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  said "trial  1   puback_drop on link router"
  grep -q '"kind":"effect","what":"link router: [0-9]* frames struck' _artifacts/latest/timeline.jsonl
  grep -q '"kind":"heal","what":"link router: puback_drop-router is off; [0-9]* frames struck' _artifacts/latest/timeline.jsonl
  grep '"state":"undone"' _artifacts/latest/undo.jsonl
}

@test "a partition of the router holds its bytes back, and it goes on when it heals" {
  router_experiment '[{black_hole: router, direction: both, for: 1s}]'
  run "$SQUALL" run router.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  grep -q '"kind":"effect","what":"link router: .*bytes not let through' _artifacts/latest/timeline.jsonl
}

@test "a fault of a link that strikes nothing while load flows is inconclusive, exit 3" {
  router_experiment '[{ack_drop: router, consumer: nobody, for: 300ms}]'
  run "$SQUALL" run router.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "ack_drop-router had no effect: link router:"
  said "nothing was struck"
}

@test "an interrupted run takes its fault off the link, and leaves nothing" {
  router_experiment '[{latency: router, delay: 5ms, for: 60s}]'
  "$SQUALL" run router.yaml >said.txt 2>&1 &
  local squall=$! i
  for ((i = 0; i < 400; i++)); do
    if grep -qs '"kind":"effect"' _artifacts/latest/timeline.jsonl; then break; fi
    sleep 0.05
  done
  kill -INT "$squall"
  local status=0
  wait "$squall" || status=$?
  [ "$status" -eq 130 ] || { cat said.txt; false; }
  # Nothing is judged, but what was seen until then is said.
  grep -E '^  so far +0 of [0-9]+ trials ended; [0-9]+ inputs acknowledged, [0-9]+ of them without an effect yet' said.txt
  grep '"state":"undone"' _artifacts/latest/undo.jsonl
  run "$SQUALL" heal _artifacts/latest
  [ "$status" -eq 0 ]
}

@test "behind a cluster each process learns from INFO of its own link only" {
  # What its first server tells it, once that is of three servers.
  cat >told.sh <<'EOF'
echo "$NATS_URL"
url=${NATS_URL%%,*}
for ((i = 0; i < 200; i++)); do
  exec 3<>"/dev/tcp/127.0.0.1/${url##*:}"
  told=$(head -n 1 <&3)
  if [[ $told == *'"connect_urls":['*,*,*']'* ]]; then break; fi
  sleep 0.05
done
echo "$told"
exec sleep 100
EOF
  cat >cluster.yaml <<'EOF'
squall: 1
name: cluster
nats: {start: 3, streams: {IN: {subjects: [in]}, OUT: {subjects: [out]}}}
processes:
  one:
    command: [bash, told.sh]
    ready: {log: INFO}
    stop_grace: 100ms
  two:
    command: [bash, told.sh]
    ready: {log: INFO}
    stop_grace: 100ms
workload:
  publish: in
  rate: 10/s
  payload: {text: "{}", set: {/id: "${id}"}}
  effect: {subject: out, match: {json: /id}}
trials: {count: 1, control: 100ms, drain_within: 100ms}
expect: {lost: 1000000}
EOF
  run "$SQUALL" run cluster.yaml
  local name own told
  for name in one two; do
    own=$(head -n 1 "_artifacts/latest/logs/$name.log" | sed 's|nats://||g' | tr , '\n' | sort)
    told=$(sed -n 's/^INFO //p' "_artifacts/latest/logs/$name.log" | jq -r '.connect_urls[]' | sort)
    [ "$(wc -l <<<"$own")" -eq 3 ] || { echo "$output"; cat "_artifacts/latest/logs/$name.log"; false; }
    [ "$own" = "$told" ] || { echo "own $own told $told"; false; }
  done
  [ "$(head -n 1 _artifacts/latest/logs/one.log)" != "$(head -n 1 _artifacts/latest/logs/two.log)" ]
}

@test "an honest worker that is killed before its ack loses and doubles nothing" {
  worker_experiment "" before_ack
  run "$SQUALL" run worker.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  said "3 of 3 trials struck unfinished work"
  said "SIGKILL to orders"
  [ "$(grep -c 'before_ack of ORDERS#[0-9]* by orders-worker (worker, delivery [0-9]*, orders.created)' <<<"$output")" -eq 3 ] || { echo "$output"; false; }
  [ "$(jq -c 'select(.fields.moment == "before_ack") | .fields.sequence' _artifacts/latest/timeline.jsonl | wc -l)" -eq 3 ]
}

@test "a worker that acks first loses exactly one message in every trial" {
  worker_experiment ack-first after_ack
  run "$SQUALL" run worker.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  said "lost          3 of "
  said "duplicates    0 of "
  # The lost ones are those at whose ack it was killed.
  local struck lost
  struck=$(jq -r 'select(.fields.moment == "after_ack") | .fields.sequence' _artifacts/latest/timeline.jsonl | sort)
  lost=$(sed -n 's/^ *lost .*PubAck [0-9:.]* (#\([0-9]*\)).*/\1/p' <<<"$output" | sort)
  [ "$struck" = "$lost" ] || { echo "$output"; echo "struck $struck lost $lost"; false; }
}

@test "a worker without idempotency doubles exactly one message in every trial" {
  worker_experiment no-idempotency before_ack
  run "$SQUALL" run worker.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  said "lost          0 of "
  said "duplicates    3 of "
}
