// The router's one configuration parser: YAML to RouterConfig, with every problem at once as
// file:line:column: field: what was expected. Reading files and parsing their text are apart, so that the
// topmost process reads once and all its children, whenever they start, see exactly what it validated.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "router/config/problem.h"
#include "router/config/router_config.h"

namespace router::config {

// The files of a configuration, as text.
struct ConfigText {
  std::string path;  // for messages; empty: no file, all defaults
  std::string text;
  std::string policy_path;  // of `policy_file`, resolved; empty: none
  std::string policy_text;
  std::string policy_error;  // why the policy_file could not be read; a problem at the place that names it
};

// Reads the file, and the policy_file that it names (relative to it). Errors: unreadable, larger than 1 MiB.
squall::base::Result<ConfigText> read_config(const std::string& path);

// A ConfigText as one string, and back (children inherit it in a memfd).
std::string pack(const ConfigText& text);
squall::base::Result<ConfigText> unpack(const std::string& packed);

struct ParsedConfig {
  RouterConfig config;  // meaningful only without problems
  Problems problems;
  bool ok() const { return problems.empty(); }
};

using Environment = std::function<std::optional<std::string>(const char* name)>;
// The process's own.
std::optional<std::string> environment_variable(const char* name);

// Pure. NATS_URL (a comma-separated list) and HEALTH_PORT override what the file says.
ParsedConfig parse_config(const ConfigText& text, const Environment& environment);

}  // namespace router::config
