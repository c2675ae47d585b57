#include "router/messages/json_text.h"

#include <algorithm>

namespace router::messages {
namespace {

int nesting_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

base::Result<Json> parse_object(std::string_view text) {
  if (nesting_of(text) > kDeepestNesting) {
    return base::fail("nested more than {} levels deep", kDeepestNesting);
  }
  auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return base::fail("not JSON");
  if (!json.is_object()) return base::fail("not a JSON object");
  return json;
}

base::Result<std::string> read_optional_name(const Json& object, const char* field, std::size_t longest) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return std::string{};
  if (!found->is_string()) return base::fail("{} must be a string", field);
  const auto& text = found->get_ref<const std::string&>();
  if (text.empty() || text.size() > longest) return base::fail("{} must have 1 to {} bytes", field, longest);
  if (std::ranges::any_of(text, is_control)) return base::fail("{} must not have control characters", field);
  return text;
}

base::Result<std::string> read_name(const Json& object, const char* field, std::size_t longest) {
  auto text = read_optional_name(object, field, longest);
  if (text && text->empty()) return base::fail("{} is missing", field);
  return text;
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace router::messages
