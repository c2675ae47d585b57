#include "fault/on_target.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/invariant.h"
#include "fault/fault_kind.h"

namespace squall::fault {
namespace {

using nlohmann::json;

constexpr std::size_t kShown = 40;

base::Nanos from_ms(double milliseconds) {
  return base::Nanos{static_cast<std::int64_t>(milliseconds * 1e6)};
}

template <typename T>
const T& setting(const OnTarget& on, const std::string& name) {
  const auto found = on.settings.find(name);
  SQUALL_CHECK(found != on.settings.end() && std::holds_alternative<T>(found->second));
  return std::get<T>(found->second);
}

base::Result<Setting> number_setting(const FieldDoc& field, const json& value) {
  if (!value.is_number()) return base::fail("{} must be a number", field.json);
  const double number = value.get<double>();
  // A setting is kept as a double, and written as one.
  if (field.type == FieldType::kInteger && number != std::floor(number)) {
    return base::fail("{} must be a whole number", field.json);
  }
  if (number < field.low.value_or(0) || (field.high && number > *field.high)) {
    return base::fail("{} is out of bounds: {}", field.json, number);
  }
  return number;
}

base::Result<Setting> setting_from(const FieldDoc& field, const json& value) {
  switch (field.type) {
    case FieldType::kFlag:
      if (!value.is_boolean()) return base::fail("{} must be true or false", field.json);
      return value.get<bool>();
    case FieldType::kTextList: {
      if (!value.is_array() || value.empty()) return base::fail("{} must be a list of texts", field.json);
      std::vector<std::string> texts;
      for (const json& each : value) {
        if (!each.is_string()) return base::fail("{} must be a list of texts", field.json);
        texts.push_back(each.get<std::string>());
      }
      return texts;
    }
    case FieldType::kText:
    case FieldType::kChoice:
      if (!value.is_string()) return base::fail("{} must be a text", field.json);
      if (field.type == FieldType::kChoice &&
          std::ranges::find(field.choices, value.get<std::string>()) == field.choices.end()) {
        return base::fail("{} must be one of {}, not {}", field.json, fmt::join(field.choices, ", "),
                          value.get<std::string>());
      }
      return value.get<std::string>();
    case FieldType::kDuration:
    case FieldType::kInteger:
    case FieldType::kNumber:
    case FieldType::kShare:
    case FieldType::kSize:
      break;
  }
  return number_setting(field, value);
}

std::string shown(const Setting& setting) {
  struct Show {
    std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const {
      return text.size() <= kShown ? text : text.substr(0, kShown) + "…";
    }
    std::string operator()(const std::vector<std::string>& texts) const {
      return (*this)(fmt::format("{}", fmt::join(texts, " ")));
    }
  };
  return std::visit(Show{}, setting);
}

}  // namespace

const std::string& OnTarget::text(const std::string& name) const { return setting<std::string>(*this, name); }
const std::vector<std::string>& OnTarget::texts(const std::string& name) const {
  return setting<std::vector<std::string>>(*this, name);
}
double OnTarget::number(const std::string& name) const { return setting<double>(*this, name); }
base::Nanos OnTarget::milliseconds(const std::string& name) const { return from_ms(number(name)); }

std::string describe(const OnTarget& on) {
  std::string settings;
  for (const auto& [name, value] : on.settings) {
    settings += fmt::format("{}{} {}", settings.empty() ? "" : ", ", name, shown(value));
  }
  const std::string lasts =
      on.duration > base::Nanos{0} ? fmt::format(" for {}", base::format_duration(on.duration)) : "";
  return fmt::format("{} of {}{}{}", on.kind, on.target, lasts,
                     settings.empty() ? "" : " (" + settings + ")");
}

json to_json(const OnTarget& on) {
  json object{{"target", on.target}};
  if (on.duration > base::Nanos{0}) object["duration_ms"] = base::to_ms(on.duration);
  for (const auto& [name, value] : on.settings) {
    std::visit([&object, &name](const auto& v) { object[name] = v; }, value);
  }
  return object;
}

base::Result<OnTarget> on_target_from_json(const KindDoc& kind, const json& object) {
  OnTarget on{.kind = kind.name, .target = {}, .settings = {}, .duration = {}};
  for (const auto& [name, value] : object.items()) {
    if (name == "target") {
      if (!value.is_string() || value.get<std::string>().empty())
        return base::fail("{}: target must be a text", kind.name);
      on.target = value.get<std::string>();
      continue;
    }
    if (name == "duration_ms" && !kind.active_json.empty()) {
      if (!value.is_number() || value.get<double>() < 0)
        return base::fail("{}: duration_ms must be a number", kind.name);
      on.duration = from_ms(value.get<double>());
      continue;
    }
    const auto field = std::ranges::find(kind.fields, name, &FieldDoc::json);
    if (field == kind.fields.end()) return base::fail("{}: no such field: {}", kind.name, name);
    auto setting = setting_from(*field, value);
    if (!setting) return base::fail_within(kind.name, setting.error());
    on.settings[name] = *std::move(setting);
  }
  if (on.target.empty()) return base::fail("{}: target is missing", kind.name);
  if (kind.active_required && on.duration <= base::Nanos{0}) {
    return base::fail("{}: duration_ms is missing", kind.name);
  }
  for (const FieldDoc& field : kind.fields) {
    if (on.settings.contains(field.json)) continue;
    if (field.required) return base::fail("{}: {} is missing", kind.name, field.json);
    if (field.type == FieldType::kChoice || field.type == FieldType::kText) {
      if (!field.standard.empty()) on.settings[field.json] = field.standard;
    } else if (field.otherwise) {
      on.settings[field.json] = *field.otherwise;
    }
  }
  return on;
}

}  // namespace squall::fault
