// What is written down about one input of the system under test, as plain values: it was attempted, its
// publish ended, it was delivered, it had an effect, the final scan found it. A stream of these records (and
// of the run's circumstances, circumstance.h) is the whole truth of a run; ledger.h folds them,
// ledger_codec.h stores them. Nothing here judges anything (see check/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "ledger/circumstance.h"

namespace squall::ledger {

// Identifies an input. Dense: the first input of a run is 0, the next 1, … A retry of an input keeps its id.
using OpId = std::uint64_t;
// Index into Layout::stages.
using Stage = std::uint8_t;

// Recorded before the first byte of the input leaves us. The same id and key again is a retry.
struct Attempt {
  OpId id = 0;
  std::string key;   // what the system hands through to the effect (a request id); unique within the run
  base::Instant at;  // sent
  // When the open loop's schedule wanted it sent, if that was earlier. Latency counts from here: a stall of
  // the system must not hide the inputs that it held up (no coordinated omission).
  std::optional<base::Instant> intended_at;
  std::uint32_t source = 0;  // who sent it, how and where: Source::index; 0 needs no declaration
  // Inputs of one producer with the same order key (its entity, its subject) are to be done in the order of
  // their ids. Small dense numbers, from 1; 0: none.
  std::uint32_t order_key = 0;
  std::optional<std::uint32_t> checksum;  // of the payload; what shows again later is compared with it
  bool filtered = false;                  // declared to have no effect

  bool operator==(const Attempt&) const = default;
};

// A PubAck without error and with a sequence above 0, and nothing less; or the reply to a request, which has
// none (OperationKind::request).
struct Acknowledged {
  std::uint64_t stream_seq = 0;
  bool duplicate = false;  // the server refused to store it twice; stream_seq is the first one's

  bool operator==(const Acknowledged&) const = default;
};
// Certainly not accepted (an error reply, no responders, never written to the socket).
struct Failed {
  std::string reason;

  bool operator==(const Failed&) const = default;
};
// Nobody knows: a time-out, or the connection went away after the input was handed to it.
struct Unknown {
  std::string reason;

  bool operator==(const Unknown&) const = default;
};

// How the attempt of an input ended. Exactly one per attempt.
struct Outcome {
  OpId id = 0;
  std::variant<Acknowledged, Failed, Unknown> how;
  base::Instant at;

  bool operator==(const Outcome&) const = default;
};

// The input was handed to a consumer that we can watch.
struct Delivery {
  std::string key;
  std::uint64_t stream_seq = 0;
  std::uint32_t delivery_count = 1;  // as the server counts; after a broker kill a repeat may say 1
  base::Instant at;
  std::optional<std::uint32_t> checksum;  // of the payload as delivered

  bool operator==(const Delivery&) const = default;
};

// Something durable that the system did because of an input: a message stored in an output stream, a row.
// The same (stage, stream_seq) again is the same effect read twice, not a second effect; stream_seq 0 (a
// reply, a query) has no identity of its own and always counts.
struct Effect {
  Stage stage = 0;
  std::string key;  // the input's key, read out of the effect
  std::uint64_t stream_seq = 0;
  base::Instant at;  // when it was stored, mapped with WallAnchor::to_mono
  // Of what the system handed through of the input's payload, where it does; leave it out where it does not.
  std::optional<std::uint32_t> checksum;

  bool operator==(const Effect&) const = default;
};

// Our own consumer's acknowledgement was confirmed by the server (a double ack).
struct Confirmed {
  std::string key;
  std::uint64_t stream_seq = 0;
  base::Instant at;

  bool operator==(const Confirmed&) const = default;
};

// The final scan found the input in a stream, by its identity. Between that stream's ScanBegan and ScanEnded;
// what was acknowledged and is not found by a complete scan is gone from the stream. The same sequence again
// is the same finding (a second pass).
struct Stored {
  std::string key;
  std::uint8_t stream = 0;  // ScanBegan::stream
  std::uint64_t stream_seq = 0;
  base::Instant at;  // of the scan
  std::optional<std::uint32_t> checksum;

  bool operator==(const Stored&) const = default;
};

using Record = std::variant<Attempt, Outcome, Delivery, Effect, Confirmed, Stored, Circumstance>;

// What the records of one run have in common. Written once, in front of them.
struct Layout {
  // In the order in which they happen, e.g. {"assignment", "usage"}; an input is finished by the last one.
  // At least one, at most kMaxStages.
  std::vector<std::string> stages;
  // Keys of the form <key_prefix><id> cost no memory and no bytes on disk. Other keys are fine, and stored.
  std::string key_prefix;
  base::WallAnchor anchor;  // the run's start
  // How many effects one input has in each stage, if it has any: 1 where nothing is said. 1 … kMaxFanOut.
  std::vector<std::uint32_t> fan_out = {};

  // Stages and fan-outs within their bounds.
  bool valid() const;
  Stage final_stage() const { return static_cast<Stage>(stages.size() - 1); }
  std::optional<Stage> stage(std::string_view name) const;
  std::uint32_t fan_out_of(Stage stage) const { return stage < fan_out.size() ? fan_out[stage] : 1; }
  // 17 for <key_prefix>17; nothing for any other key.
  std::optional<std::uint64_t> number_of(std::string_view key) const;
};

inline constexpr std::size_t kMaxStages = 8;
inline constexpr std::uint32_t kMaxFanOut = 13;

}  // namespace squall::ledger
