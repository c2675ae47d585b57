// A password, a token, a JWT or a seed. It has no conversion to text and no formatter, so that it gets into
// no error and no log by accident: who needs the text says reveal().
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace squall::client {

class Secret {
 public:
  Secret() = default;
  Secret(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Secret(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace squall::client
