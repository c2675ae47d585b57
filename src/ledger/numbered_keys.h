// The keys <prefix><n>, <prefix><n + 1>, … in turn, for a hot path that only wants to know whether it has the
// next one (Layout::number_of() takes any).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace squall::ledger {

class NumberedKeys {
 public:
  NumberedKeys(std::string_view prefix, std::uint64_t first)
      : text_(std::string(prefix) + std::to_string(first)), digits_(prefix.size()) {}

  // Whether `key` is the one whose turn it is; it is the next one's turn then, whatever the answer.
  bool next_is(std::string_view key) {
    const bool same = key == text_;
    count_up();
    return same;
  }

 private:
  void count_up() {
    for (std::size_t at = text_.size(); at > digits_; --at) {
      if (text_[at - 1] != '9') {
        ++text_[at - 1];
        return;
      }
      text_[at - 1] = '0';
    }
    text_.insert(digits_, 1, '1');
  }

  std::string text_;
  std::size_t digits_;  // where they begin
};

}  // namespace squall::ledger
