#!/usr/bin/env bats
# A fault that did not happen, or struck nothing, is never a pass; and a kill takes the whole tree of a service.

load squall

setup() {
  command -v python3 >/dev/null || skip "no python3"
  cd "$BATS_TEST_TMPDIR"
}

# $1: the service's command, in flow style; $2: a fault; $3: the rate; $4: more lines.
experiment() {
  cat >honest.yaml <<EOT
squall: 1
name: honest
nats:
  start: 1
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders:
    command: $1
    ready: {consumer: ORDERS/worker}
workload:
  publish: orders.created
  rate: $3
  payload: {text: '{"order_id":"","amount":1}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: [$2]
trials: {count: 1, baseline: 300ms, control: 300ms, recover_within: 10s}
expect: {lost: 0, duplicates: 0, hit: all}
${4:-}
EOT
}

inconclusive() {
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  [[ $output == *INCONCLUSIVE* ]]
}

@test "so many losses as are allowed pass, and one more fails" {
  experiment "[$WORKER, --ack-first]" '{kill: orders, when: {moment: after_ack}}' 40/s
  sed -i 's/^expect:.*/expect: {lost: 1, duplicates: 0, hit: any}/; s/recover_within: 10s/recover_within: 3s, drain_within: 1s/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  said "lost          1 of"
  sed -i 's/lost: 1/lost: 0/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
}

@test "a service that does not keep up with the load is told so before any fault" {
  experiment "[$WORKER, --work=0.1]" '{kill: orders}' 200/s
  sed -i 's/recover_within: 10s/recover_within: 1s, drain_within: 500ms/; s/control: 300ms/control: 1s/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  [[ $output =~ "without a fault the backlog grew from "[0-9]+" to 1"[0-9]+" inputs within 500 ms, of "[0-9]+" sent" ]] || { echo "$output"; false; }
  grep -q 'does the service keep up' _artifacts/latest/report.md
}

@test "what a link sees delivered and confirmed is in the ledger, and once more where the ack was held back" {
  experiment "[$WORKER, --confirm]" '{kill: orders, when: before_ack}' 50/s
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  [[ $output =~ deliveries\ +([0-9]+)\ of\ these\ inputs\ seen\ on\ links,\ ([0-9]+)\ of\ them\ again ]] || { echo "$output"; false; }
  local seen=${BASH_REMATCH[1]} again=${BASH_REMATCH[2]}
  [ "$again" -ge 1 ]
  "$SQUALL" ledger _artifacts/latest --kind delivery >deliveries.jsonl
  [ "$(wc -l <deliveries.jsonl)" -eq "$seen" ]
  [ "$(jq -c 'select(.delivery_count == 2)' deliveries.jsonl | wc -l)" -eq "$again" ]
  # Each input was delivered, and each confirmed once.
  [ "$(jq -r .key deliveries.jsonl | sort -u | wc -l)" -eq "$("$SQUALL" ledger _artifacts/latest --kind attempt | wc -l)" ]
  "$SQUALL" ledger _artifacts/latest --kind confirmed >confirmed.jsonl
  [ "$(jq -r .key confirmed.jsonl | sort -u | wc -l)" -eq "$(wc -l <confirmed.jsonl)" ]
  [ "$(wc -l <confirmed.jsonl)" -gt 10 ]
  [ "$(jq '[.. | objects | select(.checker == "redelivery")] | length' _artifacts/latest/verdict.json)" -eq 1 ]
}

# Once such losses were the service's, or NATS's breach of its promise.
@test "what a fault purges is lost in NATS, and permitted by that fault" {
  experiment "[$WORKER]" '{freeze: orders, for: 800ms, when: 100ms}, {purge: ORDERS, when: 500ms}' 50/s
  sed -i 's/recover_within: 10s/recover_within: 2s, drain_within: 1s/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  said "inputs that ORDERS does not have"
  said "forbidden by leaving out the fault that removed them from their stream"
  [[ $output != *"broke its promise"* && $output != *"kept its promise"* ]] || { echo "$output"; false; }
}

# Once what was stored in the new stream was taken for what had been read before, and its effects for losses.
@test "effects in a stream that is made anew are counted, and what may have been lost unread is said" {
  experiment "[$WORKER]" '{delete_stream: CONFIRMED, for: 500ms, when: 300ms}' 50/s
  sed -i 's/hit: all/hit: any/; s/recover_within: 10s/recover_within: 5s, drain_within: 5s/' honest.yaml
  inconclusive
  said "stream CONFIRMED was made anew: effects in the one before it that had not been read are not known"
  [[ $output != *"cannot be trusted"* ]] || { echo "$output"; false; }
  # The service waits for PubAcks and does an input again: all have their effect in the new stream.
  [[ $output == *"lost          0 of"* ]] || { echo "$output"; false; }
}

# Once it was struck all the same, and its every input a loss.
@test "a service that makes fewer effects than are declared is told so before any fault" {
  experiment "[$WORKER]" '{kill: orders}' 50/s
  sed -i 's/match: {json: \/order_id}}/match: {json: \/order_id}, per_input: 2}/' honest.yaml
  inconclusive
  said "inputs had all of its 2 effects (confirmed; "
  said "is effect.per_input right?"
}

# Once such a trial left out what came a second after its end, and passed.
@test "where some may be lost, what comes late is late and not lost" {
  experiment "[$WORKER]" '{kill: orders, when: {moment: nth_delivery, nth: 1}}' 50/s
  sed -i 's/ack_wait: 500ms/ack_wait: 4s/; s/recover_within: 10s/recover_within: 1500ms, drain_within: 15s/; s/^expect:.*/expect: {lost: 5, duplicates: 0, hit: all, caught_up: 2s}/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  [[ $output =~ caught\ up\ +max\ (3\.[5-9]|4\.|5\.)[0-9]*\ s\ +want\ max\ 2.00\ s\ FAILED ]] || { echo "$output"; false; }
  [[ $output =~ late\ +trial\ 1\ had\ left\ out\ for\ lost ]] || { echo "$output"; false; }
}

# Once the drain of a core load was over before anything could be delivered again.
@test "the second effect of a core publish that comes after ack_wait is counted" {
  experiment "[$WORKER, --below]" '{kill: orders, when: before_ack}' 50/s
  sed -i 's/  rate: /  core: true\n  rate: /; s/hit: all/hit: any/; s/lost: 0, //; s/ack_wait: 500ms/ack_wait: 3s/; s/recover_within: 10s/recover_within: 1s, drain_within: 15s/; s/subjects: .orders.confirmed./subjects: [orders.confirmed.>], duplicate_window: 1s/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
  said "duplicates    1 of"
}

# Once nothing about core publishes could be judged: nobody acknowledges them.
@test "core publishes have clocks and duplicates that pass or fail, and losses that are said not to be judged" {
  experiment "[$WORKER]" '{kill: orders, when: 300ms}' 50/s
  sed -i 's/  rate: /  core: true\n  rate: /; s/hit: all/hit: any, caught_up: 8s/; s/lost: 0, //' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  said "not judged    losses: a core publish is never acknowledged."
  [[ $output != *" lost "*"want 0"* ]] || { echo "$output"; false; }
  sed -i 's/caught_up: 8s/caught_up: 1ms/' honest.yaml
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 1 ] || { echo "$output"; false; }
}

# Answers each request on `ask` twice.
twice_responder() {
  cat >twice.py <<'EOT'
import json, os, socket
host, port = os.environ["NATS_URL"].split(",")[0].split("//")[1].rsplit(":", 1)
nats = socket.create_connection((host, int(port)))
lines = nats.makefile("rb")
nats.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB ask 1\r\nPING\r\n')
for line in lines:
    words = line.decode().split()
    if words[0] == "PING": nats.sendall(b"PONG\r\n")
    if words[0] == "PONG": print("ready", flush=True)
    if words[0] not in ("MSG", "HMSG"): continue
    body = lines.read(int(words[-1]) + 2)[int(words[-2]) if words[0] == "HMSG" else 0:-2]
    answer = json.dumps({"order_id": json.loads(body)["order_id"]}).encode()
    nats.sendall((b"PUB %s %d\r\n%s\r\n" % (words[3].encode(), len(answer), answer)) * 2)
EOT
}

@test "a second reply to a request is not passed over" {
  twice_responder
  experiment "[python3, $PWD/twice.py]" '{kill: orders, when: 300ms}' 50/s
  sed -i 's/ready: .*/ready: {log: ready}/; s/publish: .*/request: ask/; s/  effect: .*/  effect: {reply: true, match: {json: \/order_id}}/; s/hit: all/hit: any/' honest.yaml
  inconclusive
  said "is a request answered twice? Second replies are not counted"
}

@test "npm start is a shell and node below npm: the kill takes all of them" {
  "$ROOT/examples/setup.sh" node-worker >/dev/null || skip "no Node, or no registry"
  experiment "[npm, start, --prefix, \"$ROOT/examples/node-worker\", --, --work-ms=10]" '{kill: orders, when: before_ack}' 40/s
  run "$SQUALL" run honest.yaml
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  [[ $output =~ orders:\ [0-9]+,\ [23]\ processes ]] || { echo "$output"; false; }
  grep -qE '[23] processes from pid [0-9]+ on gone' _artifacts/latest/timeline.jsonl
  # Nobody of the tree that was killed worked on: one connection of a worker at a time.
  said "lost          0 of"
}

@test "a signal that the service survives is no kill: inconclusive" {
  experiment "[sh, -c, \"trap '' TERM; $WORKER & while :; do wait; done\"]" '{kill: orders, signal: TERM, when: 1s}' 40/s
  inconclusive
  said "outlive"
}

@test "a target that is gone is inconclusive, and named" {
  echo 999999999 >gone.pid
  experiment "[\"$WORKER\"]" '{kill: side, when: 1s}' 40/s
  sed -i 's|^workload:|  side: {pid_file: gone.pid, restart: nobody}\nworkload:|' honest.yaml
  inconclusive
  said side
}

@test "without the right to signal the target it is inconclusive" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to give rights away"
  command -v setpriv >/dev/null || skip "no setpriv"
  sleep 60 3>&- &
  victim=$!
  chmod 777 . && experiment "[\"$WORKER\"]" '{kill: side, when: 1s}' 40/s
  echo "$victim" >side.pid
  sed -i "s|^workload:|  side: {pid_file: \"$PWD/side.pid\", restart: nobody}\nworkload:|" honest.yaml
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR/.." 2>/dev/null || true
  run setpriv --reuid=65534 --regid=65534 --clear-groups "$SQUALL" run honest.yaml
  kill -9 "$victim"
  [ "$status" -eq 3 ] || { echo "$output"; false; }
  said "ot permitted"
}

@test "commands of one's own that do nothing are inconclusive" {
  experiment "[\"$WORKER\"]" '{exec: mine, inject: ["true"], effect: ["false"], heal: ["true"], deadline: 300ms, for: 1s, when: 1s}' 40/s
  inconclusive
  said "no effect"
}

@test "a kill that strikes no unfinished work is inconclusive" {
  experiment "[\"$WORKER\"]" '{kill: orders, when: 900ms}' 1/s
  inconclusive
  said "no unfinished work was struck"
}
