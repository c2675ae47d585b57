#!/usr/bin/env bats
# A random schedule with faults of a link: what runs is what was planned, each fault is proven and healed, and another
# seed is another schedule.

load squall

random_experiment() {
  cat >random.yaml <<EOT
squall: 1
name: random
nats:
  start: 1
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders: {command: ["$ROOT/tests/support/plain_worker.py"], ready: {consumer: ORDERS/worker}}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":""}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults:
  - random:
      of:
        - {latency: orders, delay: 20ms, for: 300ms}
        - {black_hole: orders, for: 300ms, weight: 2}
        - {ack_drop: orders, for: 300ms}
        - {disconnect_client: orders}
        - {kill: orders}
      lasts: 4s
      spacing_least: 100ms
      spacing_most: 400ms
      at_once: 1
trials: {count: 1, baseline: 300ms, control: 300ms}
expect: {lost: 0, duplicates: 0, hit: any}
EOT
}

# "ack_drop", "kill", …: one a line, in the order of the plan.
planned() { "$SQUALL" plan random.yaml --seed "$1" | grep -oE '\[random-[0-9]+-[a-z_]+-orders\]' | sed -E 's/\[random-[0-9]+-(.*)-orders\]/\1/'; }

# The same of what happened.
happened() {
  jq -r 'select(.kind == "fault").what | split(" ")[0] | if . == "SIGKILL" then "kill" else . end' \
    _artifacts/latest/timeline.jsonl
}

@test "what runs is what the plan printed: link faults and kills of one seed, each with its effect and its heal" {
  command -v python3 >/dev/null || skip "no python3"
  random_experiment
  planned 3 >plan.txt
  [ "$(sort -u plan.txt | wc -l)" -ge 4 ] || { cat plan.txt; false; }
  run "$SQUALL" run random.yaml --seed 3
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  happened >happened.txt
  diff plan.txt happened.txt
  local each
  each=$(wc -l <plan.txt)
  for kind in effect heal; do
    [ "$(jq -r "select(.kind == \"$kind\").kind" _artifacts/latest/timeline.jsonl | wc -l)" -eq "$each" ]
  done
  # The journal has nothing open.
  [ "$(jq -s '[.[] | select(.number)] | group_by(.number) | map(select(last.state != "undone")) | length' \
    _artifacts/latest/undo.jsonl)" -eq 0 ]
}

@test "another seed is another schedule, and the same one is the same" {
  random_experiment
  planned 3 >three.txt
  planned 3 >again.txt
  planned 4 >four.txt
  cmp three.txt again.txt
  ! cmp -s three.txt four.txt
}
