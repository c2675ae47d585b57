// Follows a growing log file (inotify, so a line is seen within a millisecond of its write) and hands over
// complete lines; the beginning of a line is kept until its end arrives. It follows truncation (starts again
// at 0) but not rotation: children append to the file that they were given.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace squall::process {

struct LogLine {
  std::string_view text;  // without the line end; valid during the callback only
  base::Instant noticed_at;
};

class LogTail {
 public:
  enum class From { kStart, kEnd };
  using OnLine = std::function<void(const LogLine&)>;

  // `on_line` runs on the io_context, and never after the destructor. Errors: the file cannot be read.
  static base::Result<std::unique_ptr<LogTail>> start(boost::asio::io_context& io,
                                                      const std::filesystem::path& path, From from,
                                                      OnLine on_line);
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  // Hands over what has been written until now, in the calling thread (the io_context's). For the moment when
  // the writer is known to be dead.
  void drain();

 private:
  struct State;
  explicit LogTail(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// The last `count` lines of a file, for error messages; empty when it cannot be read.
std::string last_lines(const std::filesystem::path& path, std::size_t count);

}  // namespace squall::process
