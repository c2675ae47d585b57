// From a parsed JSON value into variables, by the rules and with the errors of Go's Decode: names match in
// any case, null changes nothing, unknown fields are passed over, and of several mistakes the first is
// reported while the rest is still read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "control/go_json.h"

namespace squall::control {

// Which Go struct and field a value is for, as its errors say it: "Proxy" and "name".
struct GoField {
  std::string structure;
  std::string path;
};

class GoDecoder {
 public:
  void read(const GoValue& value, const GoField& field, std::string& into);
  void read(const GoValue& value, const GoField& field, bool& into);
  void read(const GoValue& value, const GoField& field, float& into);
  // `type` is "int64" or "int".
  void read(const GoValue& value, const GoField& field, std::string_view type, std::int64_t& into);

  // Calls `member` for each member of an object. Nothing for null; anything else is a mistake: no value of
  // that Go type.
  void members(const GoValue& value, std::string_view type,
               const std::function<void(const std::string& key, const GoValue&)>& member);
  // Likewise, for a value that is itself a field.
  void members(const GoValue& value, const GoField& field, std::string_view type,
               const std::function<void(const std::string& key, const GoValue&)>& member);
  void mistake(const GoValue& value, std::string_view what, std::string_view into);

  // "json: cannot unmarshal string into Go struct field Proxy.enabled of type bool"
  const std::optional<GoJsonError>& error() const { return error_; }

 private:
  std::optional<GoJsonError> error_;
};

// In any case.
bool is_field(std::string_view key, std::string_view name);
// As Go writes a float32: the shortest digits that read back as the same number.
std::string go_float(float number);

}  // namespace squall::control
