#include "control/go_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace squall::control {

namespace {

using Kind = GoValue::Kind;

std::string of_type(const GoField& field, std::string_view type) {
  return fmt::format("struct field {}.{} of type {}", field.structure, field.path, type);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_field(std::string_view key, std::string_view name) {
  if (key.size() != name.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (lower(key[i]) != name[i]) return false;
  }
  return true;
}

std::string go_float(float number) {
  char digits[64];
  const float size = std::fabs(number);
  const auto format =
      size != 0 && (size < 1e-6F || size >= 1e21F) ? std::chars_format::scientific : std::chars_format::fixed;
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, format);
  std::string text(digits, end);
  // Go writes 1e-9, and not 1e-09.
  if (const std::size_t zero = text.find("e-0"); zero != text.npos) text.erase(zero + 2, 1);
  return text;
}

void GoDecoder::mistake(const GoValue& value, std::string_view what, std::string_view into) {
  if (error_) return;
  error_ = GoJsonError{fmt::format("json: cannot unmarshal {} into Go {}", what, into), value.offset};
}

void GoDecoder::read(const GoValue& value, const GoField& field, std::string& into) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kString) return mistake(value, go_name(value.kind), of_type(field, "string"));
  into = value.text;
}

void GoDecoder::read(const GoValue& value, const GoField& field, bool& into) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kBool) return mistake(value, go_name(value.kind), of_type(field, "bool"));
  into = value.flag;
}

void GoDecoder::read(const GoValue& value, const GoField& field, float& into) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kNumber) return mistake(value, go_name(value.kind), of_type(field, "float32"));
  float number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  // Too small is 0 for Go, too large is a mistake; from_chars tells neither from the other.
  const bool out_of_range = error == std::errc::result_out_of_range;
  if (out_of_range && std::fabs(std::strtod(value.text.c_str(), nullptr)) > 1) {
    return mistake(value, "number " + value.text, of_type(field, "float32"));
  }
  into = out_of_range ? 0 : number;
}

void GoDecoder::read(const GoValue& value, const GoField& field, std::string_view type, std::int64_t& into) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kNumber) return mistake(value, go_name(value.kind), of_type(field, type));
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc{} || stop != end) {
    return mistake(value, "number " + value.text, of_type(field, type));
  }
  into = number;
}

void GoDecoder::members(const GoValue& value, std::string_view type,
                        const std::function<void(const std::string& key, const GoValue&)>& member) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kObject)
    return mistake(value, go_name(value.kind), fmt::format("value of type {}", type));
  for (const GoMember& each : value.members) member(each.key, each.value);
}

void GoDecoder::members(const GoValue& value, const GoField& field, std::string_view type,
                        const std::function<void(const std::string& key, const GoValue&)>& member) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kObject) return mistake(value, go_name(value.kind), of_type(field, type));
  for (const GoMember& each : value.members) member(each.key, each.value);
}

}  // namespace squall::control
