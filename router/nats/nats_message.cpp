#include "router/nats/nats_message.h"

#include <algorithm>
#include <charconv>

namespace router::nats {

std::string_view Headers::get(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  return found == entries_.end() ? std::string_view{} : std::string_view(found->second);
}

int Message::status() const {
  if (!payload.empty() || headers.empty()) return 0;
  const auto text = headers.get("Status");
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace router::nats
