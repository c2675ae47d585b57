#include "process/log_tail.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/unique_fd.h"

namespace squall::process {

namespace asio = boost::asio;

struct LogTail::State : std::enable_shared_from_this<LogTail::State> {
  State(asio::io_context& io, base::UniqueFd log, OnLine callback)
      : file(std::move(log)), changes(io), on_line(std::move(callback)) {}

  base::UniqueFd file;
  asio::posix::stream_descriptor changes;  // the inotify instance
  OnLine on_line;
  off_t offset = 0;
  std::string partial;
  bool stopped = false;

  void wait() {
    const auto self = shared_from_this();
    changes.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self](const boost::system::error_code& error) {
                         if (error || self->stopped) return;
                         char events[4096];
                         while (read(self->changes.native_handle(), events, sizeof events) > 0) {
                         }
                         self->read_on();
                         if (!self->stopped) self->wait();
                       });
  }

  void read_on() {
    struct stat facts{};
    if (fstat(file.get(), &facts) == 0 && facts.st_size < offset) {  // truncated: a new beginning
      offset = 0;
      partial.clear();
    }
    char buffer[16384];
    for (;;) {
      const ssize_t got = pread(file.get(), buffer, sizeof buffer, offset);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      offset += got;
      hand_over({buffer, static_cast<std::size_t>(got)}, base::now());
      if (stopped) return;
    }
  }

  void hand_over(std::string_view text, base::Instant noticed_at) {
    const auto self = shared_from_this();  // the callback may destroy the tail
    for (std::size_t end = text.find('\n'); end != std::string_view::npos && !stopped;
         end = text.find('\n')) {
      std::string kept = std::move(partial);
      partial.clear();
      std::string_view line = text.substr(0, end);
      if (!kept.empty()) line = kept.append(line);
      if (line.ends_with('\r')) line.remove_suffix(1);
      on_line({line, noticed_at});
      text.remove_prefix(end + 1);
    }
    partial.append(text);
  }
};

base::Result<std::unique_ptr<LogTail>> LogTail::start(asio::io_context& io, const std::filesystem::path& path,
                                                      From from, OnLine on_line) {
  base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return base::fail_errno(fmt::format("cannot follow the log {}", path.string()), errno);
  base::UniqueFd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes || inotify_add_watch(changes.get(), path.c_str(), IN_MODIFY) < 0) {
    return base::fail_errno(fmt::format("cannot watch the log {}", path.string()), errno);
  }
  auto state = std::make_shared<State>(io, std::move(file), std::move(on_line));
  if (from == From::kEnd) state->offset = lseek(state->file.get(), 0, SEEK_END);
  state->changes.assign(changes.release());
  // What is in the file already has no event: look at once, but in the io_context, as for all lines.
  asio::post(io, [state] {
    if (!state->stopped) state->read_on();
  });
  state->wait();
  return std::unique_ptr<LogTail>(new LogTail(std::move(state)));
}

LogTail::LogTail(std::shared_ptr<State> state) : state_(std::move(state)) {}

LogTail::~LogTail() {
  state_->stopped = true;
  boost::system::error_code ignored;
  state_->changes.close(ignored);
}

void LogTail::drain() {
  const auto state = state_;
  if (!state->stopped) state->read_on();
}

std::string last_lines(const std::filesystem::path& path, std::size_t count) {
  constexpr std::streamoff kEnough = 65'536;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || count == 0) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kEnough));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (text.ends_with('\n')) text.pop_back();
  std::size_t begin = text.size();
  for (std::size_t found = 0; found < count && begin != std::string::npos; ++found) {
    begin = begin == 0 ? std::string::npos : text.rfind('\n', begin - 1);
  }
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace squall::process
