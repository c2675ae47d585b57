#include "draft/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace squall::draft {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

bool contains_any(const std::string& text, const auto& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

bool is_personal_name(const std::string& key) {
  static constexpr std::array<std::string_view, 18> kParts{
      "email", "mail",  "phone",  "mobile", "address",  "street",  "iban",      "card",     "ssn",
      "birth", "passw", "secret", "token",  "passport", "surname", "firstname", "lastname", "account_number"};
  static const std::set<std::string> kWhole{
      "name", "first_name", "last_name",   "full_name", "user_name", "username", "tel",          "fax",
      "zip",  "postcode",   "postal_code", "city",      "dob",       "ip",       "customer_name"};
  return kWhole.contains(key) || contains_any(key, kParts);
}

bool is_mail_address(const std::string& text) {
  const std::size_t at = text.find('@');
  return at != text.npos && at > 0 && text.find('.', at) != text.npos && text.find(' ') == text.npos;
}

void clean(Json& value, const std::string& key, const std::string& pointer,
           std::vector<std::string>& replaced) {
  if (value.is_object() || value.is_array()) {
    for (auto item = value.begin(); item != value.end(); ++item) {
      const std::string step = value.is_object() ? item.key() : std::to_string(item - value.begin());
      clean(item.value(), value.is_object() ? lower(step) : key, fmt::format("{}/{}", pointer, step),
            replaced);
    }
    return;
  }
  if (value.is_string() && is_mail_address(value.get<std::string>())) {
    value = "someone@example.com";
  } else if (!is_personal_name(key) || value.is_null() || value.is_boolean()) {
    return;
  } else if (value.is_string()) {
    value = "xxxx";
  } else {
    value = 0;
  }
  replaced.push_back(pointer);
}

struct Leaf {
  std::string text;
  bool is_number = false;
};
// Every string and whole number of a document, by its pointer.
using Leaves = std::map<std::string, Leaf>;

void leaves(const nlohmann::json& value, const std::string& pointer, Leaves& into) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      std::string step;
      for (const char c : key) step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
      leaves(inner, fmt::format("{}/{}", pointer, step), into);
    }
  } else if (value.is_string()) {
    if (!value.get<std::string>().empty()) into[pointer] = {.text = value.get<std::string>()};
  } else if (value.is_number_integer()) {
    into[pointer] = {.text = value.dump(), .is_number = true};
  }
}

std::vector<Leaves> leaves_of(const std::vector<std::string>& payloads) {
  std::vector<Leaves> all;
  for (const std::string& payload : payloads) {
    const auto parsed = nlohmann::json::parse(payload, nullptr, false);
    if (!parsed.is_object()) continue;
    leaves(parsed, "", all.emplace_back());
  }
  return all;
}

bool looks_like_identity(const std::string& pointer) {
  const std::string last = lower(pointer.substr(pointer.rfind('/') + 1));
  return last == "id" || last.ends_with("_id") || last.ends_with("-id") || last.ends_with("uuid") ||
         last == "key" || last == "pid" || last == "oid" || last == "uid" || last == "guid" ||
         last.ends_with("reference") || (last.ends_with("id") && last.size() > 4) || last.ends_with("number");
}

}  // namespace

std::optional<CleanSample> clean_sample(std::string_view payload) {
  Json value = Json::parse(payload, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  CleanSample cleaned;
  clean(value, "", "", cleaned.replaced);
  cleaned.text = value.dump();
  return cleaned;
}

std::vector<Match> find_matches(const std::vector<std::string>& inputs,
                                const std::vector<std::string>& effects) {
  const auto sent = leaves_of(inputs);
  const auto made = leaves_of(effects);
  std::map<std::string, std::set<std::string>> values;  // by pointer into the inputs
  std::set<std::string> numbers;                        // the pointers to those
  for (const auto& one : sent) {
    for (const auto& [pointer, leaf] : one) {
      values[pointer].insert(leaf.text);
      if (leaf.is_number) numbers.insert(pointer);
    }
  }
  std::map<std::pair<std::string, std::string>, int> found;
  for (const auto& one : made) {
    for (const auto& [effect_pointer, leaf] : one) {
      for (const auto& [input_pointer, known] : values) {
        if (known.contains(leaf.text)) ++found[{input_pointer, effect_pointer}];
      }
    }
  }
  struct Ranked {
    Match match;
    double weight = 0;
  };
  std::vector<Ranked> ranked;
  for (const auto& [pointers, count] : found) {
    const auto& [input, effect] = pointers;
    // What is the same in every input ("EUR") tells no two of them apart.
    const double different = static_cast<double>(values[input].size()) / static_cast<double>(sent.size());
    if (sent.size() > 2 && different < 0.5) continue;
    const double share = static_cast<double>(count) / static_cast<double>(made.size());
    const double name = (looks_like_identity(input) ? 1.0 : 0) + (looks_like_identity(effect) ? 0.5 : 0) +
                        (input == effect ? 0.2 : 0) -
                        // An amount is a number more often than an identity is.
                        (numbers.contains(input) ? 0.7 : 0);
    ranked.push_back({{.input = input,
                       .effect = effect,
                       .effects_with_it = count,
                       .effects = static_cast<int>(made.size())},
                      share * 2 + different + name});
  }
  std::ranges::stable_sort(ranked, std::greater(), &Ranked::weight);
  std::vector<Match> matches;
  matches.reserve(ranked.size());
  for (Ranked& each : ranked) matches.push_back(std::move(each.match));
  return matches;
}

}  // namespace squall::draft
