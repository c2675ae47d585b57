// The log of all processes of a router: one JSON object per line, each written by one write(2) to stderr or
// to a file opened O_APPEND, so that lines of many processes never interleave. No buffering: what was logged
// before a SIGKILL is there. It does not rotate (use copytruncate).
//
//   {"ts":"2026-11-23T09:41:07.604123Z","level":"warning","role":"decide","index":0,"pid":4711,
//    "message":"NATS connection lost","error_code":"NATS_CONNECTION_LOST","outage":3}
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace router::observe {

enum class Level { debug, info, warning, error };

// Free fields of a line. Use snake_case names; numbers carry their unit (`uptime_ms`).
using Field = std::pair<std::string_view, nlohmann::json>;
using Fields = std::initializer_list<Field>;

struct LogOptions {
  std::string path;  // empty: stderr
  Level level = Level::info;
  std::string role;  // of the process that writes
  int index = 0;
};

// Thread: every method from any thread. Lifetime: movable, must outlive the threads that write.
class Log {
 public:
  // Errors: the file cannot be opened.
  static squall::base::Result<Log> open(const LogOptions& options);

  void debug(std::string_view message, Fields fields = {}) const { write(Level::debug, message, {}, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(Level::info, message, {}, fields); }
  // Warnings and errors have a code that monitoring can match (NATS_CONNECTION_LOST, ROLE_EXITED, …).
  void warning(std::string_view code, std::string_view message, Fields fields = {}) const {
    write(Level::warning, message, code, fields);
  }
  void error(std::string_view code, std::string_view message, Fields fields = {}) const {
    write(Level::error, message, code, fields);
  }

 private:
  Log(LogOptions options, squall::base::UniqueFd file)
      : options_(std::move(options)), file_(std::move(file)) {}
  void write(Level level, std::string_view message, std::string_view code, Fields fields) const;

  LogOptions options_;
  squall::base::UniqueFd file_;  // empty: stderr
};

}  // namespace router::observe
