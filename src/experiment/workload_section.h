// The `workload:` section: what is published, how fast, and what the system is to make of each input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace squall::experiment {

// How an input travels, and what makes it an accepted one.
enum class Transport {
  kJetStream,  // accepted with its PubAck
  kCore,       // never accepted: at most once
  kRequest,    // accepted with its reply
};

// Where the fresh identity of each input stands, and where it is found again in an effect.
struct IdentityPlace {
  enum class Kind {
    kJson,          // a JSON pointer into the payload: "/order_id"
    kHeader,        // a header's name
    kSubjectToken,  // the last token of the subject
    kLine,          // exec only: each line that the command prints is one identity
  };
  Kind kind = Kind::kJson;
  std::string name;  // the pointer or the header

  bool operator==(const IdentityPlace&) const = default;
};

// From `least` to `most` bytes, both included.
struct SizeRange {
  std::int64_t least = 0;
  std::int64_t most = 0;

  bool operator==(const SizeRange&) const = default;
};

struct Payload {
  std::filesystem::path file;  // one sample per line (.jsonl), or the whole file is one
  std::string text;            // or a template; ${id}, ${number}, ${time} are new for each input
  // Or JSON of so many bytes with the identity at /id, in turn.
  std::vector<SizeRange> sizes;
  std::vector<std::pair<std::string, std::string>> set;  // JSON pointer -> text with ${id}

  bool operator==(const Payload&) const = default;
};

enum class RateShape {
  kSteady,
  kRamp,  // from 0 to the rate over `over`, then steady
  kStep,  // half the rate, the rate after `over`
};

// One stage of what the system makes of an input, in the order in which they happen.
struct EffectSpec {
  std::string name;  // "confirmed"; the last token of the subject by default
  // Counted as stored in the stream of this subject; `S` also matches `S.>`.
  std::string subject;
  std::string stream;                // empty: the one that has the subject
  std::vector<std::string> command;  // or a command that prints identities, one a line
  base::Nanos command_every = std::chrono::seconds(1);
  bool reply = false;  // or the reply to the request
  IdentityPlace match;
  // Where the part of the input that the system hands through stands, in both (a JSON pointer; "": the whole
  // payload). Nothing: not compared.
  std::optional<std::string> carries;
  int per_input = 1;

  bool operator==(const EffectSpec&) const = default;
};

// Inputs that the system drops by its design: they are done with their acknowledgement, and an effect is one
// too many. Where both are given, both must be so.
struct WithoutEffect {
  std::vector<std::string> subjects;  // patterns
  std::string pointer;                // a JSON pointer into the payload, and what stands there
  std::vector<std::string> values;

  bool operator==(const WithoutEffect&) const = default;
};

// What becomes of an input that was not acknowledged.
struct RetrySpec {
  std::uint32_t attempts = 1;  // in all; 1: never again
  base::Nanos pause = std::chrono::milliseconds(50);
  bool when_unknown = true;  // also what may have been accepted; else only what certainly was not

  bool operator==(const RetrySpec&) const = default;
};

struct WorkloadSpec {
  Transport transport = Transport::kJetStream;
  std::vector<std::string> subjects;  // in turn, ranges expanded; may have ${id}
  double per_second = 200;
  std::uint32_t burst = 1;
  RateShape shape = RateShape::kSteady;
  base::Nanos shape_over{};
  // Closed loop: at most so many without an outcome; 0: open loop, inputs are due on a fixed schedule.
  std::uint32_t in_flight = 0;
  bool unpaced = false;  // no rate: the next one as soon as in_flight allows
  int connections = 1;
  Payload payload;
  std::vector<std::pair<std::string, std::string>> headers;  // may have ${id}
  bool message_id = true;                                    // Nats-Msg-Id: the identity
  base::Nanos timeout = std::chrono::seconds(2);             // without an answer: unknown
  RetrySpec retry;
  std::vector<EffectSpec> effects;
  std::optional<WithoutEffect> without_effect;

  bool operator==(const WorkloadSpec&) const = default;
};

}  // namespace squall::experiment
