#include "workload/identity.h"

#include <fmt/format.h>

#include "wire/headers.h"
#include "workload/json_pointer.h"

namespace squall::workload {

std::string IdentityPlace::describe() const {
  switch (kind) {
    case Kind::kJson:
      return fmt::format("JSON pointer {}", name);
    case Kind::kHeader:
      return fmt::format("header {}", name);
    case Kind::kSubjectToken:
      return "the subject's last token";
  }
  return {};
}

std::optional<std::string> identity_of(const IdentityPlace& place, const MessageParts& message) {
  switch (place.kind) {
    case IdentityPlace::Kind::kJson:
      return json_text_at(message.payload, place.name);
    case IdentityPlace::Kind::kHeader: {
      const auto value = wire::find_header(message.headers, place.name);
      if (!value || value->empty()) return std::nullopt;
      return std::string(*value);
    }
    case IdentityPlace::Kind::kSubjectToken:
      return std::string(message.subject.substr(message.subject.rfind('.') + 1));
  }
  return std::nullopt;
}

}  // namespace squall::workload
