#include "run/live_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

namespace squall::run {
namespace {

// Cuts to so many characters of UTF-8 (each taken as one column wide).
std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts_character && ++seen > columns) return text.substr(0, i);
  }
  return text;
}

void put(int fd, std::string_view text) { (void)!write(fd, text.data(), text.size()); }

}  // namespace

LiveLine::LiveLine(int fd) : fd_(fd >= 0 && isatty(fd) == 1 ? fd : -1) {}

bool LiveLine::due() const { return fd_ >= 0 && base::now() - last_ >= std::chrono::milliseconds(100); }

void LiveLine::show(std::string_view text) {
  if (!due()) return;
  last_ = base::now();
  winsize size{};
  const bool known = ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  put(fd_, std::string("\r\x1b[K").append(cut(text, known ? size.ws_col - 1U : 79U)));
  shown_ = true;
}

void LiveLine::clear() {
  if (!shown_) return;
  put(fd_, "\r\x1b[K");
  shown_ = false;
}

}  // namespace squall::run
