// The example of the documents, for tests.
#pragma once

namespace squall::experiment {

inline constexpr const char* kExample = R"yaml(squall: 1
name: orders-kill
nats:                                  # attached: Squall creates, changes, purges no stream or consumer of yours
  context: staging                     # nats CLI context; or url with creds | nkey | user | token, and tls
  shared: true                         # others are connected; the guard looks at our subjects, not at the server
processes:
  orders:
    command: [node, svc.mjs]           # exec, no shell; the whole process tree is the target
    env: {NATS_URL: "${nats.link}"}    # a Squall link to the server; ${nats.url} goes direct
    ready: {consumer: ORDERS/worker}   # it pulls; or http:, log:, exec:
    restart: {by: squall, after: 0s}   # or by: docker | systemd | kubernetes | itself
workload:
  publish: orders.created
  rate: 200/s
  payload: {file: samples/orders.jsonl, set: {/order_id: "${id}"}}    # your real messages, a new id each
  effect:
    subject: orders.confirmed          # counted as stored in its stream; or exec: "psql -Atc 'select id …'"
    match: {json: /order_id}           # or header:
faults:
  - kill: orders
    signal: KILL
    when: before_ack                   # effect done, ack held back at the link; or after_ack, random, 3s
trials: 10
expect:
  caught_up: {p95: 5s}                 # all work accepted before the kill is done, and the backlog is gone
  first_output: {max: 1s}              # new work flows again
  lost: 0
  duplicates: 0
  hit: all                             # a kill that struck no unfinished work proves nothing: inconclusive
)yaml";

}  // namespace squall::experiment
