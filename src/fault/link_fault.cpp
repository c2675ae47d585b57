#include "fault/link_fault.h"

#include <array>

#include "base/clock.h"

namespace squall::fault {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<LinkAction>> kKinds{
    "latency",    "bandwidth",       "slow_close",     "timeout", "reset_peer", "refuse", "half_open",
    "black_hole", "cut_after_bytes", "cut_after_time", "slicer",  "limit_data", "nats"};

std::string words(base::Nanos duration) { return base::format_duration(duration); }

struct Words {
  std::string operator()(const Latency& latency) const {
    if (latency.jitter == base::Nanos{0}) return fmt::format("latency of {}", words(latency.delay));
    return fmt::format("latency of {} ± {}", words(latency.delay), words(latency.jitter));
  }
  std::string operator()(const Bandwidth& bandwidth) const {
    return fmt::format("bandwidth of {} B/s", bandwidth.bytes_per_second);
  }
  std::string operator()(const SlowClose& close) const {
    return fmt::format("close after {}", words(close.delay));
  }
  std::string operator()(const Timeout& timeout) const {
    if (timeout.after == base::Nanos{0}) return "everything thrown away";
    return fmt::format("everything thrown away, closed after {}", words(timeout.after));
  }
  std::string operator()(const ResetPeer& reset) const {
    return reset.after == base::Nanos{0} ? "reset" : fmt::format("reset after {}", words(reset.after));
  }
  std::string operator()(const Refuse&) const { return "new connections refused"; }
  std::string operator()(const HalfOpen&) const { return "half open"; }
  std::string operator()(const BlackHole& hole) const {
    std::string text = "black hole";
    if (hole.after_bytes > 0) text += fmt::format(" after {} B", hole.after_bytes);
    if (hole.after > base::Nanos{0}) text += fmt::format(" after {}", words(hole.after));
    return text;
  }
  std::string operator()(const CutAfterBytes& cut) const { return fmt::format("cut after {} B", cut.bytes); }
  std::string operator()(const CutAfterTime& cut) const {
    return fmt::format("cut at the age of {}", words(cut.age));
  }
  std::string operator()(const Slicer& slicer) const {
    return fmt::format("slices of {} ± {} B, {} apart", slicer.average_size, slicer.size_variation,
                       words(slicer.delay));
  }
  std::string operator()(const LimitData& limit) const { return fmt::format("limit of {} B", limit.bytes); }
  std::string operator()(const NatsFault& nats) const { return describe(nats); }
};

struct Check {
  base::Result<void> operator()(const Latency& latency) const {
    if (latency.delay + latency.jitter <= base::Nanos{0}) {
      return base::fail("latency: delay_ms or jitter_ms must be above 0");
    }
    return {};
  }
  base::Result<void> operator()(const Bandwidth& bandwidth) const {
    if (bandwidth.bytes_per_second == 0) return base::fail("bandwidth: bytes_per_second must be above 0");
    return {};
  }
  base::Result<void> operator()(const BlackHole& hole) const {
    if (hole.after_bytes > 0 && hole.after > base::Nanos{0}) {
      return base::fail("black_hole: after_bytes or after_ms, not both");
    }
    return {};
  }
  base::Result<void> operator()(const Slicer& slicer) const {
    if (slicer.average_size == 0) return base::fail("slicer: average_size must be above 0");
    if (slicer.size_variation >= slicer.average_size && slicer.size_variation > 0) {
      return base::fail("slicer: size_variation must be below average_size");
    }
    return {};
  }
  base::Result<void> operator()(const NatsFault& nats) const { return validate(nats); }
  template <typename Other>
  base::Result<void> operator()(const Other&) const {
    return {};
  }
};

// Whose direction means nothing: they strike the whole connection.
bool has_stream(const LinkAction& action) {
  return !std::holds_alternative<NatsFault>(action) && !std::holds_alternative<Refuse>(action);
}

}  // namespace

std::string_view name_of(LinkStream stream) {
  constexpr std::array<std::string_view, 3> kNames{"upstream", "downstream", "both"};
  return kNames[static_cast<std::size_t>(stream)];
}

std::string_view kind_of(const LinkAction& action) { return kKinds[action.index()]; }

bool is_nats(const LinkFault& fault) { return std::holds_alternative<NatsFault>(fault.action); }

std::string describe(const LinkFault& fault) {
  std::string text = std::visit(Words{}, fault.action);
  if (has_stream(fault.action)) text += fmt::format(" {}", name_of(fault.stream));
  if (fault.toxicity < 1) text += fmt::format(", {:.0f} % of connections", fault.toxicity * 100);
  if (!fault.enabled) text += ", off";
  return text;
}

base::Result<void> validate(const LinkFault& fault) {
  if (fault.name.empty()) return base::fail("fault: name is missing");
  const std::string where = fmt::format("fault {}", fault.name);
  if (!(fault.toxicity >= 0 && fault.toxicity <= 1)) {
    return base::fail("{}: toxicity must be from 0 to 1", where);
  }
  if (is_nats(fault)) {
    if (fault.toxicity < 1) {
      return base::fail("{}: toxicity is for byte faults; NATS faults have limit.probability", where);
    }
    if (std::get<NatsFault>(fault.action).name != fault.name) {
      return base::fail("{}: nats.name must be the fault's name", where);
    }
    return validate(std::get<NatsFault>(fault.action));
  }
  if (std::holds_alternative<HalfOpen>(fault.action) && fault.stream == LinkStream::kBoth) {
    return base::fail("{}: stream: half_open needs a side, upstream or downstream", where);
  }
  if (auto checked = std::visit(Check{}, fault.action); !checked) {
    return base::fail_within(where, checked.error());
  }
  return {};
}

}  // namespace squall::fault
