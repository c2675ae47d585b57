#include "fault/json_fields.h"

#include <algorithm>
#include <cmath>

namespace squall::fault {

using nlohmann::json;

base::Result<std::string> JsonFields::text(const char* name, std::optional<std::string> otherwise) {
  const json* field = find(name);
  if (field == nullptr && otherwise) return *otherwise;
  if (field == nullptr) return base::fail("{}: {} is missing", where_, name);
  if (!field->is_string() || field->get_ref<const std::string&>().empty()) {
    return base::fail("{}: {} must be a text that is not empty", where_, name);
  }
  return field->get<std::string>();
}

base::Result<std::optional<base::Nanos>> JsonFields::milliseconds(const char* name) {
  const json* field = find(name);
  if (field == nullptr || field->is_null()) return std::optional<base::Nanos>{};
  const double value = field->is_number() ? field->get<double>() : -1;
  constexpr double kLongest = 365.0 * 24 * 3600 * 1000;
  if (!(value >= 0 && value <= kLongest)) {
    return base::fail("{}: {} must be a number of milliseconds from 0 on", where_, name);
  }
  return std::optional(base::Nanos{std::llround(value * 1e6)});
}

base::Result<std::optional<std::uint64_t>> JsonFields::count(const char* name) {
  const json* field = find(name);
  if (field == nullptr || field->is_null()) return std::optional<std::uint64_t>{};
  const bool is_count = field->is_number_unsigned() || (field->is_number_integer() && *field >= 0);
  if (!is_count) return base::fail("{}: {} must be a whole number from 0 on", where_, name);
  return std::optional(field->get<std::uint64_t>());
}

base::Result<std::optional<double>> JsonFields::number(const char* name) {
  const json* field = find(name);
  if (field == nullptr || field->is_null()) return std::optional<double>{};
  if (!field->is_number()) return base::fail("{}: {} must be a number", where_, name);
  return std::optional(field->get<double>());
}

base::Result<bool> JsonFields::flag(const char* name, bool otherwise) {
  const json* field = find(name);
  if (field == nullptr) return otherwise;
  if (!field->is_boolean()) return base::fail("{}: {} must be true or false", where_, name);
  return field->get<bool>();
}

base::Result<std::vector<std::string>> JsonFields::texts(const char* name) {
  const json* field = find(name);
  std::vector<std::string> words;
  if (field == nullptr) return words;
  const json list = field->is_array() ? *field : json::array({*field});
  for (const json& word : list) {
    if (!word.is_string() || word.get_ref<const std::string&>().empty()) {
      return base::fail("{}: {} must be a text, or a list of texts, that are not empty", where_, name);
    }
    words.push_back(word.get<std::string>());
  }
  return words;
}

base::Result<void> JsonFields::no_others() const {
  for (const auto& [name, value] : object_.items()) {
    if (std::ranges::find(asked_, name) == asked_.end())
      return base::fail("{}: unknown field {}", where_, name);
  }
  return {};
}

const json* JsonFields::find(const char* name) {
  asked_.emplace_back(name);
  const auto at = object_.find(name);
  return at == object_.end() ? nullptr : &*at;
}

}  // namespace squall::fault
