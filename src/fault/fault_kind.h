// What kinds of faults there are, as a table: their names and fields as experiment files write them, and the
// words of `squall explain`. The experiment parser, its JSON Schema and the reference page all read this
// table, so a new kind is its struct, its JSON (fault.h) and one entry here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/circumstance.h"

namespace squall::fault {

// How a field is written in an experiment file, and what it becomes in the fault's JSON.
enum class FieldType {
  kText,
  kDuration,  // "250ms" -> milliseconds (a number)
  kInteger,
  kNumber,
  kShare,  // "5%" or 0.05 -> a number from 0 to 1
  kSize,   // "64KiB" -> bytes
  kFlag,
  kChoice,  // one of `choices`
  kTextList,
};

struct FieldDoc {
  std::string name;  // in experiment files: "signal"
  std::string json;  // in the fault's JSON: "signal", "jitter_ms"
  FieldType type = FieldType::kText;
  std::string meaning;  // a sentence, without a full stop
  // The default as one would write it; an absent field is read as if this stood there. Empty: the JSON field
  // is left out.
  std::string standard;
  bool required = false;
  std::vector<std::string> choices;
  // Of numbers; a duration's in milliseconds.
  std::optional<double> low;
  std::optional<double> high;
  // The default of a number, in its JSON unit, where the JSON may leave it out.
  std::optional<double> otherwise = {};
};

enum class TargetKind {
  kProcess,   // a process of the experiment, or a server: "nats-1"
  kLink,      // a link, or a process: its link to NATS
  kServer,    // a NATS server
  kStream,    // a stream that Squall made
  kConsumer,  // "STREAM/consumer"
  kCommand,   // none: the fault is the user's own command
};

struct KindDoc {
  std::string name;  // "kill"; `kill: TARGET` in a file, and the key of the fault's JSON
  TargetKind target = TargetKind::kProcess;
  std::string summary;  // one line, without a full stop
  std::string happens;  // what the system sees, and what a good one does
  std::string effect;   // the observation that proves it
  std::string heal;
  std::string needs;                   // what preflight asks for; empty: nothing
  std::string target_json = "target";  // the field of the fault's JSON that names the target
  std::vector<FieldDoc> fields;
  // The JSON field that `for:` (the time from effect to heal) becomes; empty: `for:` means nothing here.
  std::string active_json;
  bool active_required = false;
  std::string example;  // YAML, one item of `faults`
  // What it does to the promise to keep what was acknowledged, where its target is a server or a stream;
  // nothing: a server stands still.
  std::optional<ledger::FaultClass> promise;
};

// In the order in which documents list them.
const std::vector<KindDoc>& fault_kinds();
// Null when there is none of this name.
const KindDoc* find_kind(std::string_view name);
// "a process, or a NATS server such as nats-1"
std::string_view describe(TargetKind target);

}  // namespace squall::fault
