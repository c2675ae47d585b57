// The one line on a terminal that says what happens now. Everything that stays goes to standard output.
#pragma once

#include <string_view>

#include "base/clock.h"

namespace squall::run {

class LiveLine {
 public:
  // -1, or a descriptor that is no terminal: shows nothing.
  explicit LiveLine(int fd);

  // Whether show() would do anything now; asking is cheap, making the text is not.
  bool due() const;
  // At most ten times a second; cut to the terminal's width.
  void show(std::string_view text);
  // Before a line is printed to standard output.
  void clear();

 private:
  int fd_ = -1;
  bool shown_ = false;
  base::Instant last_{};
};

}  // namespace squall::run
