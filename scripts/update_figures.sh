#!/usr/bin/env bash
# Writes the figures of a run into docs/CHAOS_FAILURE_MODES.md, between its two marks: what was measured, when,
# on what, by which command.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

run=${1:-_artifacts/latest}
document=docs/CHAOS_FAILURE_MODES.md
if [[ ${1:-} == -h || ${1:-} == --help || ! -f $run/verdict.json ]]; then
  echo "usage: scripts/update_figures.sh [RUN_FOLDER]   (default: _artifacts/latest; needs its verdict.json)" >&2
  exit 2
fi

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
jq -r --slurpfile manifest "$run/manifest.json" '
  def ms: if . == null then "never"
    elif . >= 1000 then "\(. / 10 | round / 100) s"
    else "\(. * 10 | round / 10) ms" end;
  def clock($name): (.clocks[] | select(.name == $name)) as $c
    | "\($c.p50_ms | ms) / \($c.worst_ms | ms)";
  # New work after the server is ready again: what the service needs, without the planned down
  # time (none where work flowed all the time).
  def after_ready: [.trials[].phases | select(.server_back_ms and .first_output_ms and .first_output_ms >= .server_back_ms)
    | .first_output_ms - .server_back_ms] | if length == 0 then "–" else max | ms end;
  def hits: [.trials[].hits[].count] | add;
  def modes: .failure_modes | join(", ");
  ($manifest[0].host // $manifest[0]) as $host
  | "Measured \(.started | .[0:10]) by `\(.command)` with nats-server \(.versions["nats-server"]), seed \(.seed), on \($host.cpus) cores, \($host.os), kernel \($host.kernel). Times are median / worst over the trials.",
    "",
    "| failure mode | test | verdict | trials | hits | first output | after server ready, worst | caught up | time to green | acknowledged | lost | doubled |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    (.cases[] | select(.trials | length > 0)
     | "| \(modes) | `\(.name)` | \(.verdict) | \(.trials | length) | \(hits) | \(clock("first output")) | \(after_ready) | \(clock("caught up")) | \(clock("time to green")) | \(.totals.acked) | \(.totals.lost) | \(.totals.duplicated) |")
' "$run/verdict.json" >"$figures"

sed -i -e "/<!-- figures:begin -->/,/<!-- figures:end -->/{//!d}" \
  -e "/<!-- figures:begin -->/r $figures" "$document"
echo "figures of $run are in $document"
