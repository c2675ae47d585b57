#include "router_chaos/router_log.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace squall::router_chaos {

std::optional<LogEvent> parse_log_event(std::string_view line, const base::WallAnchor& anchor) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("ts") || !json["ts"].is_string()) return std::nullopt;
  const auto stamp = base::parse_rfc3339(json["ts"].get<std::string>());
  if (!stamp) return std::nullopt;
  LogEvent event{.at = anchor.to_mono(*stamp)};
  const std::string role = json.value("role", "");
  event.process = role == "decide" ? role + "-" + std::to_string(json.value("index", 0)) : role;
  event.pid = json.value("pid", 0);
  event.message = json.value("message", "");
  event.error_code = json.value("error_code", "");
  return event;
}

base::Result<std::unique_ptr<RouterLog>> RouterLog::follow(boost::asio::io_context& io,
                                                           const std::filesystem::path& path,
                                                           OnEvent on_event) {
  auto log = std::make_unique<RouterLog>();
  const base::WallAnchor anchor = base::WallAnchor::take();
  auto on_line = [self = log.get(), anchor, on_event = std::move(on_event)](const process::LogLine& line) {
    auto event = parse_log_event(line.text, anchor);
    if (!event) return;
    on_event(*event);
    self->events_.push_back(std::move(*event));
  };
  auto tail = process::LogTail::start(io, path, process::LogTail::From::kStart, std::move(on_line));
  if (!tail) return std::unexpected(tail.error());
  log->tail_ = std::move(*tail);
  return log;
}

std::optional<base::Instant> RouterLog::first(std::string_view message, base::Instant since) const {
  for (const LogEvent& event : events_) {
    if (event.at >= since && event.message == message) return event.at;
  }
  return std::nullopt;
}

std::optional<base::Instant> RouterLog::first_trouble(base::Instant since) const {
  for (const LogEvent& event : events_) {
    if (event.at >= since && !event.error_code.empty()) return event.at;
  }
  return std::nullopt;
}

std::optional<base::Instant> RouterLog::all_restored(base::Instant since) const {
  std::map<std::string, std::optional<base::Instant>> restored_at;  // by process that lost it
  for (const LogEvent& event : events_) {
    if (event.at < since) continue;
    if (event.message == kConnectionLost) {
      restored_at[event.process] = std::nullopt;
    } else if (event.message == kConnectionRestored && restored_at.contains(event.process)) {
      restored_at[event.process] = event.at;
    }
  }
  std::optional<base::Instant> last;
  for (const auto& [process, at] : restored_at) {
    if (!at) return std::nullopt;
    last = std::max(last.value_or(*at), *at);
  }
  return last;
}

std::vector<std::string> RouterLog::processes_saying(std::string_view message, base::Instant since) const {
  std::vector<std::string> processes;
  for (const LogEvent& event : events_) {
    if (event.at < since || event.message != message) continue;
    if (std::ranges::find(processes, event.process) == processes.end()) processes.push_back(event.process);
  }
  std::ranges::sort(processes);
  return processes;
}

}  // namespace squall::router_chaos
