#!/usr/bin/env bats
# `squall run` with a link that ends TLS and begins it anew: what is inside can be struck. The server wants TLS, and so
# does whoever dials the link; both verify whom they talk to.

load squall

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
      -keyout ca.key -out ca.pem
    signed server
    signed link
  } >openssl.log 2>&1 || { cat openssl.log; return 1; }
}

teardown() {
  [[ -z ${server:-} ]] || { kill -KILL "$server" && wait "$server"; } 2>/dev/null || true
}

# $1.pem and $1.key. nats.js verifies localhost where it dials an IP address.
signed() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" &&
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
      -extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) -out "$1.pem"
}

# A server of somebody else that wants TLS; url is where.
start_tls_server() {
  cat >server.conf <<EOF
listen: "127.0.0.1:-1"
ports_file_dir: "$PWD"
jetstream {store_dir: "$PWD/store"}
tls {cert_file: "$PWD/server.pem", key_file: "$PWD/server.key"}
EOF
  nats-server -c server.conf >server.log 2>&1 3>&- &
  server=$!
  local file="$PWD/nats-server_$server.ports" i
  for ((i = 0; i < 400; i++)); do
    if [[ -s $file ]] && url=$(jq -er '.nats[0]' "$file"); then break; fi
    sleep 0.025
  done
  url=nats://${url#*://}
}

# $1: the fields of the process, $2: of the link's tls, $3: the faults.
tls_experiment() {
  cat >tls.yaml <<EOF
squall: 1
name: tls
nats:
  url: $url
  tls: {ca: ca.pem}
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
links:
  way: {to: nats, tls: $2}
processes:
  orders: {$1, stop_grace: 100ms}
workload:
  publish: orders.created
  rate: 25/s
  payload: {text: '{"order_id":"","amount":1}', set: {/order_id: "\${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: $3
trials: {count: 2, baseline: 300ms, control: 300ms, recover_within: 5s, drain_within: 5s}
expect: {lost: 0, duplicates: 0}
EOF
}

@test "a worker behind TLS is killed before its ack, and acks that are dropped inside TLS bring messages again" {
  local worker
  worker=$("$ROOT/examples/setup.sh" node-worker 2>&1) || skip "$worker"
  read -ra words <<<"$worker"
  start_tls_server
  tls_experiment "command: [${words[0]}, ${words[1]}], ready: {log: 'worker: ready'},
      env: {NATS_URL: '\${link.way}', NODE_EXTRA_CA_CERTS: $PWD/ca.pem}" \
    '{client: {certificate: link.pem, key: link.key}, server: {ca: ca.pem}}' \
    '[{kill: orders, when: {moment: before_ack, link: way}}, {ack_drop: way, consumer: worker, when: 2s, for: 300ms}]'
  run "$SQUALL" run tls.yaml
  [ "$status" -eq 0 ] || { echo "$output"; cat _artifacts/latest/logs/*.log; false; }
  [ "$(grep -c '^trial.*before_ack of ORDERS#[0-9]* by orders-worker' <<<"$output")" -eq 2 ] || { echo "$output"; false; }
  grep -q '"kind":"effect","what":"link way: [0-9]* frames struck' _artifacts/latest/timeline.jsonl
}

@test "TLS from the first byte towards the process, after INFO towards the server" {
  start_tls_server
  # shellcheck disable=SC2016  # for the shell of the process
  local dial='sleep 100 | openssl s_client -quiet -verify_return_error -verify_ip 127.0.0.1 -CAfile ca.pem -connect $${WAY#nats://}'
  tls_experiment "command: [bash, -c, \"$dial\"], ready: {log: 'INFO {'}, env: {WAY: '\${link.way}'}" \
    '{client: {certificate: link.pem, key: link.key, first: true}, server: {ca: ca.pem}}' '[]'
  sed -i '/^faults/d; s/^trials.*/trials: {control: 100ms, drain_within: 100ms}/; s/lost: 0/lost: 1000000/' tls.yaml
  run "$SQUALL" run tls.yaml
  grep -q '^INFO {.*"tls_required":true' _artifacts/latest/logs/orders.log ||
    { echo "$output"; cat _artifacts/latest/logs/*.log; false; }
}

@test "what the TLS of a link cannot be is named, with its line where it has one" {
  start_tls_server
  local never="command: [sleep, '100'], ready: {log: never}" drop='[{ack_drop: way, when: 1s, for: 1s}]'
  tls_experiment "$never" '{client: {certificate: link.pem}}' "$drop"
  run "$SQUALL" validate tls.yaml
  [ "$status" -eq 2 ] || { echo "$output"; false; }
  said "tls.yaml:9:"
  said "expected certificate and key together"
  tls_experiment "$never" '{server: {ca: nowhere.pem}}' "$drop"
  run "$SQUALL" validate tls.yaml
  [ "$status" -eq 2 ] || { echo "$output"; false; }
  said "tls.yaml:9:38: links.way.tls.server.ca: cannot read"

  # Each run makes its streams anew.
  run_on_a_new_server() {
    kill -KILL "$server"
    rm -rf store
    start_tls_server
    sed -i "s|^  url: .*|  url: $url|" tls.yaml
    run "$SQUALL" run tls.yaml
  }
  tls_experiment "$never" '{client: {}}' "$drop" # the server wants TLS
  run_on_a_new_server
  [ "$status" -ne 0 ]
  said "link way: the servers want TLS, and it has none with them"
  tls_experiment "$never" '{server: {}}' '[{ack_drop: orders, when: 1s, for: 1s}]'
  run_on_a_new_server
  [ "$status" -ne 0 ]
  said "a process's own link has none: give one in links"
  echo nonsense >link.pem
  tls_experiment "$never" '{client: {certificate: link.pem, key: link.key}, server: {}}' "$drop"
  run_on_a_new_server
  [ "$status" -ne 0 ]
  said "link way: tls: certificate link.pem: "
}
