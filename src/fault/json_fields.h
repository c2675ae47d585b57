// Reads the fields of one JSON object, each with a sentence for what is wrong with it, and remembers which
// were asked for, so that a misspelt one is noticed.
//   JsonFields fields(object, "kill"); auto target = fields.text("target"); …; fields.no_others();
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace squall::fault {

// Lifetime: the object outlives this. `where` begins every error.
class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {}

  // Errors: missing without an `otherwise`, no text, empty.
  base::Result<std::string> text(const char* name, std::optional<std::string> otherwise = {});
  // Absent and null are nothing; for the rest the type must be right.
  base::Result<std::optional<base::Nanos>> milliseconds(const char* name);
  base::Result<std::optional<std::uint64_t>> count(const char* name);
  base::Result<std::optional<double>> number(const char* name);
  base::Result<bool> flag(const char* name, bool otherwise = false);
  // A text, or a list of them; absent is an empty list.
  base::Result<std::vector<std::string>> texts(const char* name);

  base::Result<void> no_others() const;

  // Nothing when it is absent.
  const nlohmann::json* find(const char* name);
  const std::string& where() const { return where_; }

 private:
  const nlohmann::json& object_;
  std::string where_;
  std::vector<std::string> asked_;
};

}  // namespace squall::fault
