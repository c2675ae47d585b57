#include "fault/fault_kind.h"
#include "fault/on_target.h"

namespace squall::fault {
namespace {

constexpr const char* kSignalRight = "the right to signal the target";

FieldDoc choice_field(const std::string& name, std::string meaning, std::string standard,
                      std::vector<std::string> choices) {
  return {.name = name,
          .json = name,
          .type = FieldType::kChoice,
          .meaning = std::move(meaning),
          .standard = std::move(standard),
          .choices = std::move(choices)};
}

FieldDoc required_field(const std::string& name, FieldType type, std::string meaning) {
  return {.name = name,
          .json = name,
          .type = type,
          .meaning = std::move(meaning),
          .standard = "",
          .required = true};
}

// --- processes ---

KindDoc signal_kind() {
  FieldDoc which =
      choice_field("signal", "The signal, without SIG", "",
                   {"HUP", "INT",  "QUIT", "TERM", "USR1", "USR2", "ALRM", "PIPE", "CHLD", "CONT", "WINCH",
                    "URG", "ABRT", "SEGV", "BUS",  "FPE",  "ILL",  "TRAP", "SYS",  "XCPU", "KILL"});
  which.required = true;
  return {
      .name = "send_signal",
      .target = TargetKind::kProcess,
      .summary = "Sends a signal that the target may survive",
      .happens =
          "What the service makes of it: SIGHUP reloads, SIGUSR1 rotates logs, SIGPIPE is mostly ignored, "
          "and what is not handled ends the process",
      .effect =
          "The signal was taken: it is neither ignored nor blocked and no longer pending, or the process is "
          "gone (/proc)",
      .heal = "Nothing is left of it; a process that it ended comes back through whoever restarts it",
      .needs = kSignalRight,
      .fields = {std::move(which),
                 choice_field("to",
                              "The whole tree, its first process, all but that, or its youngest process",
                              "process", {"tree", "process", "children", "child"})},
      .example = "- send_signal: orders\n  signal: HUP\n  when: 1s",
      .promise = ledger::FaultClass::process_kill};
}

KindDoc restart_loop_kind() {
  return {
      .name = "restart_loop",
      .target = TargetKind::kProcess,
      .summary = "Kills the target again as soon as it is back, several times",
      .happens =
          "The service never gets beyond its start: caches stay cold, and consumers hold messages for each "
          "of its lives until ack_wait is over",
      .effect = "Each kill: every process of the tree is gone (pidfd)",
      .heal = "The last restart, by whoever restarts it",
      .needs = kSignalRight,
      .fields = {{.name = "times",
                  .json = "times",
                  .type = FieldType::kInteger,
                  .meaning = "How often it is killed",
                  .standard = "5",
                  .low = 2,
                  .high = 1000,
                  .otherwise = 5},
                 {.name = "pause",
                  .json = "pause_ms",
                  .type = FieldType::kDuration,
                  .meaning = "How long it may live each time",
                  .standard = "200ms",
                  .otherwise = 200}},
      .example = "- restart_loop: orders\n  times: 5\n  when: random",
      .promise = ledger::FaultClass::process_kill};
}

KindDoc limit_kind() {
  FieldDoc to = required_field("to", FieldType::kSize, "The soft limit: descriptors, or bytes");
  to.low = 1;
  return {.name = "limit",
          .target = TargetKind::kProcess,
          .summary = "Lowers a soft resource limit of the target's processes",
          .happens =
              "Without descriptors, accepting and opening fails (EMFILE); without memory, allocations fail "
              "(ENOMEM). What is in use already stays",
          .effect = "Every process of the tree has the limit (/proc)",
          .heal = "The limits are as they were, in every process that still has ours",
          .needs = "the right to change the target's limits (its user, or root)",
          .fields = {choice_field("resource",
                                  "As in prlimit(1): descriptors, address space, data segment, locked memory",
                                  "nofile", {"nofile", "as", "data", "memlock"}),
                     std::move(to)},
          .active_json = "duration_ms",
          .active_required = true,
          .example = "- limit: orders\n  resource: nofile\n  to: 16\n  for: 5s"};
}

KindDoc starve_kind() {
  FieldDoc share = required_field("share", FieldType::kShare, "The part of the time in which it runs");
  share.low = 0.01;
  share.high = 0.99;
  return {
      .name = "starve",
      .target = TargetKind::kProcess,
      .summary = "Lets the target run only a part of the time, as on a host without CPU",
      .happens =
          "Everything takes a multiple of its time, in slices of 50 ms; heartbeats and pings may come late, "
          "and what exceeds ack_wait is delivered again",
      .effect = "Every thread of the tree was seen stopped in a slice, and running in the next",
      .heal = "SIGCONT; every thread runs",
      .needs = kSignalRight,
      .fields = {std::move(share)},
      .active_json = "duration_ms",
      .active_required = true,
      .example = "- starve: orders\n  share: 10%\n  for: 5s"};
}

KindDoc exec_kind() {
  FieldDoc deadline{.name = "deadline",
                    .json = "deadline_ms",
                    .type = FieldType::kDuration,
                    .meaning = "Each command has so long, and the effect, too",
                    .standard = "10s",
                    .otherwise = 10'000};
  return {
      .name = "exec",
      .target = TargetKind::kCommand,
      .summary = "Runs your own commands: one injects, one shows the effect, one heals",
      .happens =
          "Whatever your command does: docker pause, docker compose kill, kubectl delete pod, systemctl "
          "stop, "
          "tc, iptables …",
      .effect = "The command `effect` succeeds (exit 0) after `inject`; it is asked until it does",
      .heal =
          "The command `heal` succeeds and `effect` does not succeed any more. It is in the undo journal "
          "before "
          "the injection, so it also runs after a crash of Squall: it must be idempotent",
      .needs = "the programs",
      .fields = {required_field("inject", FieldType::kTextList,
                                "What injects; program and arguments, no shell"),
                 required_field("effect", FieldType::kTextList, "Succeeds exactly while the fault is there"),
                 required_field("heal", FieldType::kTextList, "What undoes it; may run more than once"),
                 std::move(deadline)},
      .active_json = "duration_ms",
      .active_required = true,
      .example =
          "- exec: pause-db\n  inject: [docker, pause, db]\n  effect: [sh, -c, \"docker inspect -f "
          "'{{.State.Paused}}' db | grep -q true\"]\n  heal: [docker, unpause, db]\n  for: 3s"};
}

// --- servers ---

KindDoc server_kind(std::string name, std::string summary, std::string happens, std::string effect,
                    std::string heal) {
  return {.name = std::move(name),
          .target = TargetKind::kServer,
          .summary = std::move(summary),
          .happens = std::move(happens),
          .effect = std::move(effect),
          .heal = std::move(heal),
          .needs = "a server of Squall's own (nats.start)"};
}

std::vector<KindDoc> server_kinds() {
  KindDoc lame_duck =
      server_kind("lame_duck", "The server enters lame duck mode (SIGUSR2), as at a rolling update",
                  "Clients are told, no new ones are accepted, and after 10 s they are sent away one by one. "
                  "A good client goes "
                  "to another server, or comes back later",
                  "The client port accepts nobody any more, or the process is gone",
                  "What is left of it is ended, and it is started again");
  lame_duck.promise = ledger::FaultClass::process_kill;
  lame_duck.active_json = "duration_ms";
  lame_duck.active_required = true;
  lame_duck.example = "- lame_duck: nats-1\n  for: 15s";

  KindDoc reload =
      server_kind("reload", "The server's configuration changes while it runs (SIGHUP)",
                  "Limits, authorisation or logging change; clients that may no longer connect are sent away",
                  "The server says that it has loaded a configuration since (/varz config_load_time)",
                  "The configuration of before, loaded again");
  reload.fields = {
      required_field("configuration", FieldType::kText, "Lines that are added to its configuration")};
  reload.active_json = "duration_ms";
  reload.active_required = true;
  reload.example = "- reload: nats-1\n  configuration: \"max_payload: 1024\"\n  for: 3s";

  KindDoc restart_with =
      server_kind("restart_with", "The server is stopped and started with other settings",
                  "As a deployment of a wrong configuration: for a time it is another server",
                  "The process of before is gone, and another answers with INFO",
                  "Stopped again, and started with the configuration of before");
  restart_with.fields = {
      required_field("configuration", FieldType::kText, "Lines that are added to its configuration")};
  restart_with.promise = ledger::FaultClass::process_kill;
  restart_with.active_json = "duration_ms";
  restart_with.active_required = true;
  restart_with.example = "- restart_with: nats-1\n  configuration: \"max_connections: 2\"\n  for: 3s";

  KindDoc slow_start =
      server_kind("slow_start", "The server is killed, and comes back as one that listens and says nothing",
                  "Connections are accepted by the kernel, and no INFO comes: clients without a deadline "
                  "for that hang there. So do a server that reads a large store and one behind a load "
                  "balancer",
                  "The process is gone (pidfd); then it listens, and every thread is stopped",
                  "After the delay it goes on with its start");
  FieldDoc delay{.name = "delay",
                 .json = "delay_ms",
                 .type = FieldType::kDuration,
                 .meaning = "How long it listens without an answer",
                 .standard = "",
                 .required = true,
                 .low = 1};
  slow_start.promise = ledger::FaultClass::process_kill;
  slow_start.fields = {std::move(delay)};
  slow_start.example = "- slow_start: nats-1\n  delay: 5s\n  when: random";
  return {std::move(lame_duck), std::move(reload), std::move(restart_with), std::move(slow_start)};
}

// --- what Squall has made in JetStream ---

std::vector<KindDoc> stream_kinds() {
  const std::string ours = "a stream that Squall makes (nats.streams)";
  KindDoc purge{.name = "purge",
                .target = TargetKind::kStream,
                .summary = "Removes every message of a stream",
                .happens =
                    "What was not worked on yet is gone: losses in NATS are expected, and named as permitted "
                    "by this fault",
                .effect = "The server says how many it removed, and that none is left of before",
                .heal = "Nothing brings them back",
                .needs = ours,
                .example = "- purge: ORDERS\n  when: 1s",
                .promise = ledger::FaultClass::removal};
  KindDoc remove{
      .name = "delete_stream",
      .target = TargetKind::kStream,
      .summary = "Deletes a stream with its consumers, and makes them anew",
      .happens =
          "Publishers get 503, pulls end with 409 or hear nothing; its messages are gone, which counts as "
          "lost in NATS, permitted by this fault. A good service goes on when it is back",
      .effect = "The server does not know the stream",
      .heal = "The same stream and consumers, empty",
      .needs = ours,
      .active_json = "duration_ms",
      .active_required = true,
      .example = "- delete_stream: ORDERS\n  for: 2s",
      .promise = ledger::FaultClass::removal};
  KindDoc full{
      .name = "full",
      .target = TargetKind::kStream,
      .summary = "The stream takes no more messages: its limit is what it holds",
      .happens =
          "Every publish is refused (maximum messages exceeded). A good publisher sees the error and tries "
          "again; one that takes any answer for an ack loses",
      .effect = "The stream holds as many messages as its limit, and refuses new ones",
      .heal = "The limits of before",
      .needs = ours,
      .active_json = "duration_ms",
      .active_required = true,
      .example = "- full: CONFIRMED\n  for: 3s"};
  KindDoc pause{.name = "pause_consumer",
                .target = TargetKind::kConsumer,
                .summary = "The server stops delivering to a consumer",
                .happens = "Pulls stay open and nothing comes; heartbeats do. A good service waits",
                .effect = "The server says that it is paused",
                .heal = "Resumed; the server also does so by itself when its time is over",
                .needs = "a consumer that Squall makes (nats.consumers), and nats-server 2.11",
                .active_json = "duration_ms",
                .active_required = true,
                .example = "- pause_consumer: ORDERS/worker\n  for: 3s"};
  return {std::move(purge), std::move(remove), std::move(full), std::move(pause)};
}

}  // namespace

const std::vector<KindDoc>& target_fault_kinds() {
  static const std::vector<KindDoc> kKinds = [] {
    std::vector<KindDoc> kinds{signal_kind(), restart_loop_kind(), limit_kind(), starve_kind(), exec_kind()};
    for (KindDoc& kind : server_kinds()) kinds.push_back(std::move(kind));
    for (KindDoc& kind : stream_kinds()) kinds.push_back(std::move(kind));
    return kinds;
  }();
  return kKinds;
}

}  // namespace squall::fault
