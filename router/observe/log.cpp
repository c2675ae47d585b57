#include "router/observe/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/clock.h"

namespace router::observe {

using squall::base::fail_errno;
using squall::base::Result;
using squall::base::UniqueFd;

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

// A pipe keeps writes of up to PIPE_BUF bytes in one piece.
constexpr std::size_t kMaxLine = 4096;

std::string to_line(const nlohmann::ordered_json& line) {
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<Log> Log::open(const LogOptions& options) {
  if (options.path.empty()) return Log(options, UniqueFd());
  UniqueFd file(::open(options.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) return fail_errno(fmt::format("cannot open the log {}", options.path), errno);
  return Log(options, std::move(file));
}

void Log::write(Level level, std::string_view message, std::string_view code, Fields fields) const {
  if (level < options_.level) return;
  nlohmann::ordered_json line{{"ts", squall::base::format_utc(squall::base::wall_now())},
                              {"level", kLevels[static_cast<std::size_t>(level)]},
                              {"role", options_.role},
                              {"index", options_.index},
                              {"pid", getpid()},
                              {"message", message}};
  if (!code.empty()) line["error_code"] = code;
  const nlohmann::ordered_json essential = line;
  for (const auto& [name, value] : fields) line[std::string(name)] = value;

  std::string text = to_line(line);
  if (text.size() > kMaxLine) {
    line = essential;
    line["message"] = std::string(message.substr(0, kMaxLine / 8));
    line["fields_dropped"] = true;
    text = to_line(line);
  }
  const int fd = file_ ? file_.get() : STDERR_FILENO;
  ssize_t written = 0;
  do {
    written = ::write(fd, text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  // A full disk or a closed pipe must not stop the service; there is nobody to tell.
}

}  // namespace router::observe
