// An experiment's YAML to its model, with every mistake at once as file:line:column: field: what was
// expected. The one parser of the format; `squall schema` and docs/experiment-reference.md come from the same
// tables (field_table.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "experiment/experiment.h"
#include "experiment/field_table.h"
#include "experiment/mistake.h"
#include "experiment/reading.h"

namespace squall::experiment {

struct Parsed {
  Experiment experiment;  // meaningful only without mistakes
  Mistakes mistakes;
  Places places;  // of every field that the files have, by its path: "workload.rate"

  bool ok() const { return mistakes.empty(); }
};

// What the parser needs of the world. `read_file` is asked for includes and samples; without it, files that
// the experiment names are not looked at.
struct Sources {
  Environment environment = [](const std::string&) { return std::optional<std::string>(); };
  ReadFile read_file;
};

// Pure but for `sources`.
Parsed parse_experiment(std::string_view text, const std::string& file, const Sources& sources);

// The process's own environment and files. Errors are in `mistakes`, an unreadable file too.
Parsed load_experiment(const std::string& file);

// All of the format, for schema and reference.
const SectionDoc& experiment_doc();

}  // namespace squall::experiment
