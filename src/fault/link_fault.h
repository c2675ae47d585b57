// Faults of a proxied link, as plain data: what happens to the bytes, or to the NATS frames (nats_fault.h),
// of which of its connections. Who does it is proxy/; what each does to a client is in docs/faults.md.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "fault/nats_fault.h"

namespace squall::fault {

// What one direction carries: upstream is what the client sends, downstream what the server sends.
enum class LinkStream { kUpstream, kDownstream, kBoth };
std::string_view name_of(LinkStream stream);  // "upstream"

// Bytes arrive later, in order; throughput stays as it is.
struct Latency {
  base::Nanos delay{};
  base::Nanos jitter{};  // plus or minus, uniform, from the seed
  bool operator==(const Latency&) const = default;
};
struct Bandwidth {
  std::uint64_t bytes_per_second = 0;
  bool operator==(const Bandwidth&) const = default;
};
// The end of the stream (FIN) arrives later than its bytes.
struct SlowClose {
  base::Nanos delay{};
  bool operator==(const SlowClose&) const = default;
};
// Bytes are thrown away. After `after` the connection is closed; 0: only when the fault is removed, since its
// streams have holes.
struct Timeout {
  base::Nanos after{};
  bool operator==(const Timeout&) const = default;
};
// RST to both ends, this long after the fault began or the connection was made.
struct ResetPeer {
  base::Nanos after{};
  bool operator==(const ResetPeer&) const = default;
};
// New connections are refused; those that live stay.
struct Refuse {
  bool operator==(const Refuse&) const = default;
};
// One end is gone and the other does not know: upstream, the server's side is reset while the client's stays
// open, and what it sends goes nowhere. When the fault is removed the client is reset, as by a host that
// knows nothing of the connection.
struct HalfOpen {
  bool operator==(const HalfOpen&) const = default;
};
// A partition: nothing passes any more, no end of stream and no reset either, and nothing is lost: when it
// heals, all of it arrives. From the beginning, or after so many bytes or so much time.
struct BlackHole {
  std::uint64_t after_bytes = 0;
  base::Nanos after{};
  bool operator==(const BlackHole&) const = default;
};
// RST to both ends when this many bytes have passed, in the middle of whatever they are.
struct CutAfterBytes {
  std::uint64_t bytes = 0;
  bool operator==(const CutAfterBytes&) const = default;
};
// RST to both ends when the connection is this old; older ones at once.
struct CutAfterTime {
  base::Nanos age{};
  bool operator==(const CutAfterTime&) const = default;
};
// Bytes arrive in small pieces: average size plus or minus the variation, `delay` between two pieces.
struct Slicer {
  std::uint64_t average_size = 0;
  std::uint64_t size_variation = 0;
  base::Nanos delay{};
  bool operator==(const Slicer&) const = default;
};
// The connection is closed in order (FIN) when this many bytes have passed.
struct LimitData {
  std::uint64_t bytes = 0;
  bool operator==(const LimitData&) const = default;
};

using LinkAction = std::variant<Latency, Bandwidth, SlowClose, Timeout, ResetPeer, Refuse, HalfOpen,
                                BlackHole, CutAfterBytes, CutAfterTime, Slicer, LimitData, NatsFault>;

struct LinkFault {
  std::string name;  // unique on its link
  LinkAction action;
  LinkStream stream = LinkStream::kDownstream;
  // The share of connections that it touches; a pure function of the seed, the link, the connection and the
  // fault's name. 1 for NATS faults, which have a probability of their own.
  double toxicity = 1;
  bool enabled = true;

  bool operator==(const LinkFault&) const = default;
};

std::string_view kind_of(const LinkAction& action);  // "latency", …, "nats", as in JSON
bool is_nats(const LinkFault& fault);
// "latency of 100 ms ± 10 ms downstream, 50 % of connections"
std::string describe(const LinkFault& fault);

// Errors: what can do nothing or can never be (no rate, a toxicity outside of 0 to 1), with the field's name.
base::Result<void> validate(const LinkFault& fault);

// JSON: {"name": "slow", "stream": "downstream", "toxicity": 1, "enabled": true, "latency": {"delay_ms": 100,
// "jitter_ms": 10}}; of a NATS fault the object behind "nats" is nats_fault.h's without its name. Errors name
// the field; unknown fields are errors; what is read is valid.
nlohmann::json to_json(const LinkFault& fault);
base::Result<LinkFault> link_fault_from_json(const nlohmann::json& json);

}  // namespace squall::fault
