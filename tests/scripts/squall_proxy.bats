#!/usr/bin/env bats
# `squall proxy` as a user starts it: links and API on real ports, who may ask, and how it ends.

setup_file() {
  export ROOT="$BATS_TEST_DIRNAME/../.."
  export SQUALL="$ROOT/build/dev/bin/squall"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  pid=
}

teardown() {
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
}

# Starts it with these arguments and waits until it says where its API is.
start() {
  "$SQUALL" proxy --api 127.0.0.1:0 "$@" >out 2>err 3>&- &
  pid=$!
  for _ in $(seq 500); do
    grep -q '^api' out && break
    kill -0 "$pid" 2>/dev/null || { cat err; return 1; }
    sleep 0.02
  done
  api=$(awk '$1 == "api" {print $2}' out)
}

listen_of() { awk -v name="$1" '$1 == "link" && $2 == name {print $3}' out; }

# Prints the status of a request.
status_of() { curl -s -o body -w '%{http_code}' "$@"; }

start_echo() {
  python3 "$ROOT/tests/support/echo_server.py" port 3>&- &
  echo_pid=$!
  for _ in $(seq 500); do [ -f port ] && break; sleep 0.02; done
}

@test "it answers over HTTP what the recorded Toxiproxy answers" {
  start
  run python3 "$ROOT/tests/toxiproxy/compare.py" "$api" --ours
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  [[ $output == *" 0 different" ]]
}

@test "links come from flags and from a populate file, and carry bytes" {
  start_echo
  cat >proxies.json <<JSON
[{"name": "filed", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:$(cat port)", "enabled": true},
 {"name": "off", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:$(cat port)", "enabled": false},
 {"name": "spoken", "upstream": "127.0.0.1:4222", "mode": "nats"}]
JSON
  start --config proxies.json --link "flagged=127.0.0.1:$(cat port)" --link "nats=127.0.0.1:0,127.0.0.1:4222,nats"
  [ "$(curl -s "$api/proxies" | jq -r 'keys | join(" ")')" = "filed flagged nats off spoken" ]
  [ "$(curl -s "$api/v1/links" | jq -r 'map(.mode) | join(" ")')" = "bytes bytes nats bytes nats" ]
  for name in filed flagged; do
    address=$(listen_of "$name")
    exec 4<>"/dev/tcp/${address%:*}/${address##*:}"
    echo "through $name" >&4
    read -r -t 10 line <&4
    exec 4>&-
    [ "$line" = "through $name" ]
  done
  off=$(listen_of off)
  run bash -c "exec 4<>/dev/tcp/${off%:*}/${off##*:}"
  [ "$status" -ne 0 ]
  kill "$echo_pid"
}

@test "SIGTERM and SIGINT end it with 0; what waits for a fault is let through first" {
  start_echo
  start --link "slow=127.0.0.1:$(cat port)"
  [ "$(status_of "$api/proxies/slow/toxics" -d '{"type": "latency", "attributes": {"latency": 600000}}')" = 200 ]
  address=$(listen_of slow)
  exec 4<>"/dev/tcp/${address%:*}/${address##*:}"
  echo "held" >&4
  for _ in $(seq 500); do
    [ "$(curl -s "$api/v1/links/slow" | jq .held)" = 5 ] && break
    sleep 0.02
  done
  kill -TERM "$pid"
  read -r -t 10 line <&4
  [ "$line" = "held" ]
  wait "$pid"
  [ ! -s err ]
  kill "$echo_pid"
  start
  kill -INT "$pid"
  wait "$pid"
}

@test "what it listens on must be free, exit 3, with the address" {
  start --link "a=127.0.0.1:4222"
  run "$SQUALL" proxy --api "${api#http://}"
  [ "$status" -eq 3 ]
  [[ $output == *"cannot listen on ${api#http://}: Address already in use"* ]]
  run "$SQUALL" proxy --api 127.0.0.1:0 --link "b=$(listen_of a),127.0.0.1:4222"
  [ "$status" -eq 3 ]
  [[ $output == *"link b: cannot listen on $(listen_of a): Address already in use"* ]]
  echo '[{"name": "c", "upstream": "127.0.0.1:1", "listen": "'"$(listen_of a)"'"}]' >taken.json
  run "$SQUALL" proxy --api 127.0.0.1:0 --config taken.json
  [ "$status" -eq 3 ]
  [[ $output == *"proxy c: listen tcp $(listen_of a): bind: address already in use"* ]]
}

@test "wrong use is named, exit 2" {
  for wrong in "--api 0.0.0.0:0|others reach this address" "--api :0|others reach this address" \
    "--api nowhere:1|nowhere is no IP address" "--api 127.0.0.1|no port" "--link x|NAME=LISTEN,UPSTREAM" \
    "--config none.json|cannot read none.json" "--token-file none|cannot read none" \
    "--drain 5|a duration has a unit"; do
    # shellcheck disable=SC2086
    run "$SQUALL" proxy ${wrong%%|*}
    [ "$status" -eq 2 ] || { echo "$wrong: $status $output"; false; }
    [[ $output == *"${wrong#*|}"* ]] || { echo "$wrong: $output"; false; }
  done
}

@test "a populate file that is none says why, exit 2" {
  for wrong in '[{"name": "a"}]|missing required field: upstream at proxy 1' '[{|unexpected EOF' \
    '{}|cannot unmarshal object'; do
    echo -n "${wrong%%|*}" >proxies.json
    run "$SQUALL" proxy --api 127.0.0.1:0 --config proxies.json
    [ "$status" -eq 2 ] || { echo "$wrong: $status $output"; false; }
    [[ $output == *"--config proxies.json: "*"${wrong#*|}"* ]] || { echo "$wrong: $output"; false; }
  done
}

@test "on an address that others reach it wants its token from everybody" {
  echo "s3cret" >token
  "$SQUALL" proxy --api 0.0.0.0:0 --token-file token >out 2>err 3>&- &
  pid=$!
  for _ in $(seq 500); do grep -q '^api' out && break; sleep 0.02; done
  api="http://127.0.0.1:$(sed -n 's|^api.*:||p' out)"
  [ "$(status_of "$api/proxies")" = 401 ]
  [ "$(status_of "$api/v1/links" -H 'Authorization: Bearer wrong')" = 401 ]
  [ "$(status_of "$api/v1/links" -H 'Authorization: Bearer s3cret')" = 200 ]
  [ "$(status_of "http://any:s3cret@${api#http://}/proxies")" = 200 ]
}

@test "pages of other origins and foreign host names are turned away" {
  start --allow-host proxy.test
  [ "$(status_of "$api/proxies" -H 'Origin: http://evil.test')" = 403 ]
  [ "$(status_of "$api/proxies" -H 'Host: evil.test')" = 403 ]
  [ "$(status_of "$api/proxies" -H 'Host: proxy.test:8474')" = 200 ]
  [ "$(status_of "$api/proxies" -H 'User-Agent: Mozilla/5.0')" = 403 ]
  [ "$(status_of "$api/proxies")" = 200 ]
}

@test "an upstream that is down is refused, and said" {
  start --link "down=127.0.0.1:1"
  address=$(listen_of down)
  exec 4<>"/dev/tcp/${address%:*}/${address##*:}"
  run read -r -t 10 line <&4
  exec 4>&-
  [ "$status" -ne 0 ]
  for _ in $(seq 500); do [ -s err ] && break; sleep 0.02; done
  grep -q "link down: connection 1 was refused: no upstream 127.0.0.1:1: Connection refused" err
}
