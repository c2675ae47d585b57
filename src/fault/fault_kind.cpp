#include "fault/fault_kind.h"

#include <algorithm>

#include "fault/link_fault_kinds.h"
#include "fault/nats_fault_kinds.h"
#include "fault/on_target.h"

namespace squall::fault {
namespace {

FieldDoc scope_field(std::string standard, bool of_kill) {
  return {.name = "scope",
          .json = "scope",
          .type = FieldType::kChoice,
          .meaning =
              of_kill ? "The process and all that it started, that one process (a supervisor), all that it "
                        "started and not itself, or the youngest of those"
                      : "The process and all that it started, or that one process",
          .standard = std::move(standard),
          .choices = of_kill ? std::vector<std::string>{"tree", "process", "children", "child"}
                             : std::vector<std::string>{"tree", "process"}};
}

KindDoc kill_kind() {
  return {
      .name = "kill",
      .target = TargetKind::kProcess,
      .summary = "Ends a process or a NATS server by a signal",
      .happens =
          "Connections of the victim are reset, and what it had in hand comes back to others after the "
          "consumer's ack_wait. With SIGKILL nothing is flushed; with SIGTERM, the stop of every day, a good "
          "service finishes what it has, and a server hands over what it leads",
      .effect = "Every process that was struck has exited (pidfd)",
      .heal =
          "The restart: by Squall after the time that `for` (or the process's `restart`) says, or by "
          "whoever restarts it",
      .needs = "the right to signal the target",
      .fields = {{.name = "signal",
                  .json = "signal",
                  .type = FieldType::kChoice,
                  .meaning = "The signal, without SIG",
                  .standard = "KILL",
                  .choices = {"KILL", "TERM", "INT", "QUIT", "HUP", "ABRT", "SEGV", "USR1", "USR2"}},
                 scope_field("tree", true)},
      .active_json = "down_ms",
      .example = "- kill: orders\n  when: before_ack"};
}

KindDoc freeze_kind() {
  return {
      .name = "freeze",
      .target = TargetKind::kProcess,
      .summary = "Stops a process where it stands (SIGSTOP), and lets it go on",
      .happens =
          "The victim keeps its connections and does nothing: what a long garbage collection, a paused "
          "virtual machine or a starved host looks like. What it had in hand is redelivered after ack_wait, "
          "and it goes on with its own copy when it thaws",
      .effect = "Every thread of every process that was struck is stopped",
      .heal = "SIGCONT after the time that `for` says",
      .needs = "the right to signal the target",
      .fields = {scope_field("tree", false)},
      .active_json = "duration_ms",
      .active_required = true,
      .example = "- freeze: nats-1\n  for: 5s"};
}

}  // namespace

const std::vector<KindDoc>& fault_kinds() {
  static const std::vector<KindDoc> kKinds = [] {
    std::vector<KindDoc> kinds{kill_kind(), freeze_kind()};
    kinds.insert(kinds.end(), target_fault_kinds().begin(), target_fault_kinds().end());
    for (KindDoc& kind : link_fault_kinds()) kinds.push_back(std::move(kind));
    for (KindDoc& kind : nats_fault_kinds()) kinds.push_back(std::move(kind));
    return kinds;
  }();
  return kKinds;
}

const KindDoc* find_kind(std::string_view name) {
  const auto at = std::ranges::find(fault_kinds(), name, &KindDoc::name);
  return at == fault_kinds().end() ? nullptr : &*at;
}

std::string_view describe(TargetKind target) {
  switch (target) {
    case TargetKind::kProcess:
      return "a process, or a NATS server such as nats-1 or leader:STREAM";
    case TargetKind::kLink:
      return "a link, or a process (its link to NATS)";
    case TargetKind::kServer:
      return "a NATS server such as nats-1 or leader:STREAM";
    case TargetKind::kStream:
      return "a stream that Squall made";
    case TargetKind::kConsumer:
      return "a consumer that Squall made, as STREAM/name";
    case TargetKind::kCommand:
      return "a name of your choice";
  }
  return "";
}

}  // namespace squall::fault
