#!/usr/bin/env bats
# `squall proxy` as a user starts it: links and API on real ports, who may ask, and how it ends.

load squall

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

@test "SIGTERM under load: what it has read arrives, in order, and it ends with 0" {
  cat >load.py <<'PY'
import json, socket, sys, threading, urllib.request
api, listen, upstream = sys.argv[1], sys.argv[2], int(sys.argv[3])
sink = socket.socket(fileno=upstream)
arrived = bytearray()
def receive():
    peer, _ = sink.accept()
    try:
        while some := peer.recv(1 << 20):
            arrived.extend(some)
    except OSError:
        pass
def send():
    client = socket.create_connection(("127.0.0.1", int(listen.rpartition(":")[2])))
    number = 0
    try:
        while True:
            client.sendall(b"".join(b"%07d\n" % (number + i) for i in range(1000)))
            number = (number + 1000) % 10_000_000
    except OSError:
        pass
threads = [threading.Thread(target=receive), threading.Thread(target=send)]
for thread in threads: thread.start()
seen = 0
while seen < 5_000_000:
    seen = json.load(urllib.request.urlopen(api + "/v1/links/busy"))["bytes_up"]
print("flows", flush=True)
for thread in threads: thread.join()
lines = len(arrived) // 8
whole = all(arrived[at * 8:at * 8 + 8] == b"%07d\n" % (at % 10_000_000) for at in range(lines))
print("arrived", len(arrived) >= seen, whole, flush=True)
PY
  cat >run.py <<'PY'
import os, signal, socket, subprocess, sys
sink = socket.create_server(("127.0.0.1", 0))
os.set_inheritable(sink.fileno(), True)
proxy = subprocess.Popen([sys.argv[1], "proxy", "--api", "127.0.0.1:0", "--link", f"busy=127.0.0.1:{sink.getsockname()[1]}"],
                         stdout=subprocess.PIPE, text=True)
listen = proxy.stdout.readline().split()[2]
api = proxy.stdout.readline().split()[1]
load = subprocess.Popen([sys.executable, "load.py", api, listen, str(sink.fileno())], stdout=subprocess.PIPE, text=True,
                        pass_fds=[sink.fileno()])
try:
    assert load.stdout.readline() == "flows\n"
    proxy.send_signal(signal.SIGTERM)
    print("exit", proxy.wait(20), load.communicate(timeout=20)[0].strip())
finally:
    proxy.kill()
    load.kill()
PY
  run timeout 50 python3 run.py "$SQUALL"
  [ "$output" = "exit 0 arrived True True" ] || { echo "$output"; false; }
}

@test "without descriptors new connections are reset, the old stay, and it says so; then it goes on" {
  start_echo
  ulimit -n 48 # also the hard limit, to which it raises its own
  start --link "few=127.0.0.1:$(cat port)"
  cat >many.py <<'PY'
import socket, sys
at = ("127.0.0.1", int(sys.argv[1].rpartition(":")[2]))
def works(connection):
    connection.settimeout(10)
    try:
        connection.sendall(b"ping")
        return connection.recv(4) == b"ping"
    except ConnectionError:
        return False
lives = []
while True:
    connection = socket.create_connection(at)
    if not works(connection): break
    lives.append(connection)
print("lives", len(lives) >= 10, "all", all(works(each) for each in lives))
for each in lives: each.close()
while not works(socket.create_connection(at)): pass
print("again")
PY
  run timeout 50 python3 many.py "$(listen_of few)"
  [ "$output" = $'lives True all True\nagain' ] || { echo "$output"; cat err; false; }
  grep -q "link few: .*descriptors" err || { cat err; false; }
  kill "$echo_pid"
}

@test "a link that holds all it may says so: in the API, in its metrics, and on standard error" {
  start_echo
  start
  curl -s "$api/v1/links" -d '{"name": "small", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:'"$(cat port)"'", "most_held": 1000}' >link
  [ "$(status_of "$api/v1/links/small/faults" -d '{"name": "late", "stream": "upstream", "latency": {"delay_ms": 600000}}')" = 201 ]
  address=$(jq -r .listen link)
  exec 4<>"/dev/tcp/${address%:*}/${address##*:}"
  printf '%02000d\n' 7 >&4
  for _ in $(seq 500); do
    [ "$(curl -s "$api/v1/links/small" | jq .full)" = true ] && break
    sleep 0.02
  done
  [ "$(curl -s "$api/v1/links/small" | jq -c '[.full, .held]')" = "[true,2001]" ]
  curl -s "$api/metrics" | grep -q '^squall_link_full{link="small"} 1'
  [ "$(status_of -X DELETE "$api/v1/links/small/faults/late")" = 204 ]
  read -r -t 10 line <&4
  [ "${#line}" -eq 2000 ]
  exec 4>&-
  [ "$(curl -s "$api/v1/links/small" | jq -c '[.full, .held]')" = "[false,0]" ]
  for _ in $(seq 500); do grep -q "reads again" err && break; sleep 0.02; done
  grep -q "link small: 2001 B are held: nothing more is read" err
  kill "$echo_pid"
}
