// Where the identity of an input is found again in what the system makes of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall::workload {

struct IdentityPlace {
  enum class Kind {
    kJson,          // a JSON pointer into the payload: "/order_id"
    kHeader,        // a header's name
    kSubjectToken,  // the last token of the subject
  };
  Kind kind = Kind::kJson;
  std::string name;  // the pointer or the header

  // "header Order-Id", "JSON pointer /order_id", "the subject's last token".
  std::string describe() const;
};

// What a message is made of, for looking into it.
struct MessageParts {
  std::string_view subject;
  std::string_view headers;  // the whole block, or empty
  std::string_view payload;
};

// Nothing when it is not there.
std::optional<std::string> identity_of(const IdentityPlace& place, const MessageParts& message);

}  // namespace squall::workload
