#!/usr/bin/env bats
# What the examples and the pages print is what the program takes: every experiment is valid, every fault can be sent.

load squall

teardown() {
  [ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
}

# The blocks of one language in a page, each as a file of this folder: 1, 2, …
blocks_of() { # LANGUAGE PAGE
  awk -v begins="\`\`\`$1" '$0 == begins {n++; inside = 1; next} /^```/ {inside = 0} inside {print > (n "")}' "$ROOT/docs/$2"
}

@test "every experiment of the examples is valid" {
  export EXAMPLE_URL=tls://127.0.0.1:4222 EXAMPLE_CREDS=worker.creds EXAMPLE_CA=ca.pem
  cd "$ROOT"
  mapfile -t files < <(grep -rl --include='*.yaml' --exclude-dir=node_modules --exclude-dir=.venv '^squall: 1' examples)
  [ "${#files[@]}" -ge 4 ]
  run "$SQUALL" validate "${files[@]}"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "the whole experiments of docs/experiments.md are valid" {
  blocks_of yaml experiments.md
  cp "$(grep -l '^# system.yaml' [0-9]*)" system.yaml
  mapfile -t files < <(grep -l '^squall: 1' [0-9]*)
  [ "${#files[@]}" -eq 2 ]
  run "$SQUALL" validate "${files[@]}"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "each fault that docs/faults.md prints as JSON can be sent to squall proxy" {
  "$SQUALL" proxy --api 127.0.0.1:0 --link nats=127.0.0.1:0,127.0.0.1:4222,nats >out 2>err 3>&- &
  pid=$!
  for _ in $(seq 500); do
    grep -q '^api' out && break
    read -rt 0.02 <> <(:) || true
  done
  api=$(awk '$1 == "api" {print $2}' out)
  blocks_of json faults.md
  for block in [0-9]*; do tr -d '\n' <"$block"; echo; done >bodies
  grep -oE 'Example: `\{[^`]*\}`' "$ROOT/docs/faults.md" | cut -d'`' -f2 >>bodies
  [ "$(wc -l <bodies)" -ge 18 ]
  while IFS= read -r body; do
    run curl -s -o answer -w '%{http_code}' "$api/v1/links/nats/faults" -d "$body"
    [ "$output" = 201 ] || { echo "$body"; cat answer; false; }
    curl -s -X POST "$api/v1/heal" >answer # names come twice
  done <bodies
  kill "$pid" && wait "$pid"
  pid=
}
