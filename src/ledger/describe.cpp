#include <fmt/format.h>

#include "ledger/ledger.h"

namespace squall::ledger {
namespace {

// "09:41:12.604", UTC.
std::string clock_time(base::Instant at, const Layout& layout) {
  return base::format_utc(layout.anchor.to_wall(at)).substr(11, 12);
}

std::string describe_outcome(const History& history, const Layout& layout) {
  const Operation& operation = history.operation;
  switch (operation.state) {
    case State::open:
      return "no outcome yet";
    case State::ok:
      // A reply acknowledges a request without storing anything.
      if (operation.stream_seq == 0) return "answered " + clock_time(operation.ended_at, layout);
      return fmt::format("PubAck {} (#{})", clock_time(operation.ended_at, layout), operation.stream_seq);
    case State::failed:
    case State::unknown:
      break;
  }
  return fmt::format("{} {} ({})", to_string(operation.state), clock_time(operation.ended_at, layout),
                     history.reason);
}

}  // namespace

std::string describe(const History& history, const Layout& layout) {
  const Operation& operation = history.operation;
  if (!operation.times_known) {
    return fmt::format("{} · {}{}", history.key, to_string(operation.state), kRestIsInTheFile);
  }
  std::string text =
      fmt::format("{} · attempted {}", history.key, clock_time(operation.attempted_at, layout));
  if (operation.attempts > 1) text += fmt::format(" ({} times)", operation.attempts);
  text += " · " + describe_outcome(history, layout);
  if (operation.deliveries > 0) text += fmt::format(" · delivered {} ×", operation.deliveries);
  for (const Effect& effect : history.effects) {
    text += fmt::format(" · {}", layout.stages[effect.stage]);
    if (effect.stream_seq > 0) text += fmt::format(" #{}", effect.stream_seq);
    text += " " + clock_time(effect.at, layout);
  }
  for (std::size_t stage = 0; stage < layout.stages.size(); ++stage) {
    if (operation.effects[stage].count == 0 && !operation.filtered)
      text += fmt::format(" · no {}", layout.stages[stage]);
  }
  if (history.stored > 0) text += history.stored > 1 ? " · stored more than once" : " · stored";
  if (history.scanned && history.stored == 0) text += " · not in its stream";
  return text;
}

}  // namespace squall::ledger
