#include "experiment/parse.h"

#include <cstdlib>
#include <fstream>

#include "experiment/cross_check.h"
#include "experiment/include.h"
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

struct Root {
  Experiment experiment;
  std::int64_t version = 0;
  FaultList faults;
};

template <typename V>
void add(Table<Root>& table, FieldText text, V Experiment::* member, Shape<V> shape) {
  table.field<V>(std::move(text), std::move(shape),
                 [member](Root& into, V value) { into.experiment.*member = std::move(value); });
}

Shape<std::vector<std::string>> failure_modes_shape() {
  return list_of(text("failure mode such as FM-NATS-001",
                      [](std::string_view given) { return given.starts_with("FM-") && given.size() > 3; }));
}

std::shared_ptr<const Table<Root>> root_table() {
  auto table = std::make_shared<Table<Root>>();
  table->field({.name = "squall", .meaning = "The version of this format", .required = true}, &Root::version,
               integer({1, 1}));
  // Both are taken out of the tree before the fields are read (include.h); here they are for documents.
  const Shape<std::vector<std::string>> paths = list_of(text("path"));
  table->field<std::vector<std::string>>(
      {.name = "include",
       .meaning = "Files, relative to this one, whose fields stand in for those that this file leaves out; "
                  "mappings are merged by name"},
      paths, [](Root&, const std::vector<std::string>&) {});
  table->field<Pairs>({.name = "vars", .meaning = "Texts of your own, for ${vars.NAME} anywhere in the file"},
                      pairs("mapping from a name to its text", is_name, "a name", RunVariables::kNone),
                      [](Root&, const Pairs&) {});
  add(*table, {.name = "name", .meaning = "How reports and run folders call it", .required = true},
      &Experiment::name, text("name of letters, digits, - and _", is_name));
  add(*table, {.name = "purpose", .meaning = "One line, for `squall list`"}, &Experiment::purpose, text());
  add(*table, {.name = "failure_modes", .meaning = "The entries of the catalogue that it backs"},
      &Experiment::failure_modes, failure_modes_shape());
  add(*table, {.name = "nats", .meaning = "The servers: started by Squall, or somebody's", .required = true},
      &Experiment::nats, nats_shape());
  add(*table, {.name = "processes", .meaning = "What uses them, and can be struck"}, &Experiment::processes,
      processes_shape());
  add(*table,
      {.name = "links",
       .meaning = "Paths that faults can cut and slow, besides those that every started process has"},
      &Experiment::links, links_shape());
  add(*table,
      {.name = "probes",
       .meaning = "When the system is operational, besides that its processes live and its servers answer"},
      &Experiment::probes, probes_shape());
  add(*table,
      {.name = "workload", .meaning = "What is published, and what the system makes of it", .required = true},
      &Experiment::workload, workload_shape());
  table->field({.name = "faults",
                .meaning = "What goes wrong in each trial, and when; without it only the control trial runs"},
               &Root::faults, faults_shape());
  add(*table, {.name = "trials", .meaning = "How often; a number alone is the count"}, &Experiment::trials,
      trials_shape());
  add(*table, {.name = "expect", .meaning = "What must hold", .required = true}, &Experiment::expect,
      expect_shape());
  table->field<std::int64_t>(
      {.name = "seed", .meaning = "The same seed gives the same schedule", .standard = "1"},
      integer({0, std::numeric_limits<std::int64_t>::max()}),
      [](Root& into, std::int64_t seed) { into.experiment.seed = static_cast<std::uint64_t>(seed); });
  add(*table, {.name = "allow", .meaning = "What Squall may do beyond its own"}, &Experiment::allow,
      allow_shape());
  add(*table, {.name = "abort", .meaning = "When it stops and heals at once"}, &Experiment::abort,
      abort_shape());
  return table;
}

const Table<Root>& root() {
  static const std::shared_ptr<const Table<Root>> kTable = root_table();
  return *kTable;
}

base::Result<std::string> read_whole(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return base::fail("cannot read {}: it is a folder", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail_errno(fmt::format("cannot read {}", path), errno);
  constexpr std::streamsize kMost = 64 * 1024 * 1024;
  std::string text;
  for (char block[65536]; file.read(block, sizeof block) || file.gcount() > 0;) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (static_cast<std::streamsize>(text.size()) > kMost)
      return base::fail("cannot read {}: it is larger than 64 MiB", path);
  }
  return text;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

const SectionDoc& experiment_doc() { return *root().doc(); }

Parsed parse_experiment(std::string_view text, const std::string& file, const Sources& sources) {
  Parsed parsed;
  Reading reading(sources.environment, sources.read_file, file);
  if (auto node = read_document(text, file, reading.mistakes())) {
    if (node->is_map()) {
      merge_includes(*node, file, sources.read_file, reading.mistakes());
      reading.set_variables(take_variables(*node, reading));
      Root read;
      root().read(reading, *node, "", read);
      parsed.experiment = std::move(read.experiment);
      parsed.experiment.file = file;
      parsed.experiment.faults = std::move(read.faults.faults);
      parsed.experiment.random = std::move(read.faults.random);
      if (reading.mistakes().empty()) cross_check(parsed.experiment, reading);
    } else {
      reading.mistake(*node, "", "expected a mapping that begins with \"squall: 1\"");
    }
  }
  parsed.experiment.from_environment = reading.from_environment();
  parsed.mistakes = std::move(reading.mistakes());
  put_in_order(parsed.mistakes);
  parsed.places = reading.places();
  return parsed;
}

Parsed load_experiment(const std::string& file) {
  const auto text = read_whole(file);
  if (!text)
    return {.experiment = {}, .mistakes = {{{file, 0, 0}, "", text.error().message()}}, .places = {}};
  return parse_experiment(*text, file, {.environment = variable, .read_file = read_whole});
}

}  // namespace squall::experiment
