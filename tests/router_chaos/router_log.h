// What the router says about itself: its JSON log lines, mapped onto our clock.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "process/log_tail.h"

namespace squall::router_chaos {

struct LogEvent {
  base::Instant at;
  std::string process;  // "decide-0", "supervisor"
  int pid = 0;
  std::string message;
  std::string error_code;
};

// Nothing for a line that is no log line of the router.
std::optional<LogEvent> parse_log_event(std::string_view line, const base::WallAnchor& anchor);

class RouterLog {
 public:
  using OnEvent = std::function<void(const LogEvent&)>;

  static base::Result<std::unique_ptr<RouterLog>> follow(boost::asio::io_context& io,
                                                         const std::filesystem::path& path, OnEvent on_event);

  const std::vector<LogEvent>& events() const { return events_; }
  // The first line with this message since then.
  std::optional<base::Instant> first(std::string_view message, base::Instant since) const;
  // The first warning or error since then: the router says itself that something is wrong.
  std::optional<base::Instant> first_trouble(base::Instant since) const;
  // When the last process that lost its connection since then had it back: the end of "reconnected".
  // Nothing while one of them has not. `lost` and `restored` are messages.
  std::optional<base::Instant> all_restored(base::Instant since) const;
  // The processes that logged this message since then, once each.
  std::vector<std::string> processes_saying(std::string_view message, base::Instant since) const;

 private:
  std::vector<LogEvent> events_;
  std::unique_ptr<process::LogTail> tail_;
};

inline constexpr std::string_view kConnectionLost = "NATS connection lost";
inline constexpr std::string_view kConnectionRestored = "NATS connection restored";

}  // namespace squall::router_chaos
