#include "experiment/reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiment/fault_fields.h"
#include "experiment/parse.h"
#include "experiment/section_tables.h"
#include "experiment/variables.h"

namespace squall::experiment {
namespace {

std::string escaped(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

std::string row(const std::string& field, const std::string& type, const std::string& standard,
                const std::string& meaning) {
  return fmt::format("| {} | {} | {} | {} |\n", field, escaped(type),
                     standard.empty() ? "" : "`" + standard + "`", escaped(meaning));
}

std::string table_of(const SectionDoc& section, const std::string& prefix) {
  std::string text = "| field | is a | default | meaning |\n| --- | --- | --- | --- |\n";
  const auto add = [&](const auto& self, const SectionDoc& part, const std::string& path) -> void {
    for (const FieldEntry& entry : part.fields) {
      const std::string name = path + entry.text.name;
      text += row(fmt::format("`{}`{}", name, entry.text.required ? " (required)" : ""), entry.shape.type,
                  entry.text.standard, entry.text.meaning);
      if (!entry.shape.section) continue;
      const bool names = entry.shape.type.find("from a name") != std::string::npos;
      self(self, *entry.shape.section, name + (names ? ".NAME." : "."));
    }
  };
  add(add, section, prefix);
  for (const auto& group : section.exactly_one) {
    text += fmt::format("\nExactly one of {} is given.\n", fmt::join(group, ", "));
  }
  return text;
}

std::string variables_text() {
  return fmt::format(
      "## Variables\n\n"
      "`${{vars.NAME}}` is a text of the file's own `vars`, `${{env.NAME}}` or `${{env.NAME:-default}}` of "
      "the "
      "environment; both are replaced when the file is read, anywhere. What came from the environment is "
      "never "
      "printed or stored: reports show `${{env.NAME}}`. In commands and urls of processes and probes also: "
      "{}. In "
      "payloads, headers and subjects of the workload: {}. `$${{` is a literal `${{`.\n\n",
      fmt::join(names_of(RunVariables::kSystem), ", "), fmt::join(names_of(RunVariables::kInput), ", "));
}

std::string kind_section(const fault::KindDoc& kind) {
  std::string text = fmt::format("### {}\n\n{}. Its target is {}.\n\n{}.\n\n", kind.name, kind.summary,
                                 fault::describe(kind.target), kind.happens);
  text += fmt::format("*Proof:* {}. *Heal:* {}.", kind.effect, kind.heal);
  if (!kind.needs.empty()) text += fmt::format(" *Needs:* {}.", kind.needs);
  text += "\n\n";
  if (!kind.fields.empty()) {
    text += "| field | is a | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const fault::FieldDoc& field : kind.fields) {
      text += row(fmt::format("`{}`{}", field.name, field.required ? " (required)" : ""), type_of(field),
                  field.standard, field.meaning);
    }
    text += "\n";
  }
  return text + "```yaml\n" + kind.example + "\n```\n\n";
}

}  // namespace

nlohmann::json experiment_schema() {
  nlohmann::json schema = schema_of(experiment_doc());
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "A Squall experiment";
  return schema;
}

std::string reference_page() {
  std::string text =
      "# Experiment files: reference\n\n"
      "<!-- Generated from the parser's tables: tests/golden/approve.sh writes it. Do not edit. -->\n\n"
      "An experiment is one YAML file. [getting-started.md](getting-started.md) shows how to make one; "
      "[experiments.md](experiments.md) explains the ideas. `squall validate FILE` names every mistake with "
      "its "
      "line and column; `squall schema` prints the JSON Schema for your editor.\n\n"
      "Durations are written as `250ms`, `2s`, `1m`; rates as `200/s`; sizes as `4096`, `64 KiB`; shares as "
      "`5%`. "
      "Paths are relative to the file.\n\n";
  text += variables_text();
  const SectionDoc& root = experiment_doc();
  text += "## Top level\n\n| field | is a | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const FieldEntry& entry : root.fields) {
    text += row(fmt::format("`{}`{}", entry.text.name, entry.text.required ? " (required)" : ""),
                entry.shape.type, entry.text.standard, entry.text.meaning);
  }
  text += "\n";
  for (const FieldEntry& entry : root.fields) {
    if (!entry.shape.section || entry.text.name == "faults") continue;
    const bool names = entry.shape.type.find("from a name") != std::string::npos;
    text += fmt::format("## {}\n\n{}.\n\n{}\n", entry.text.name, entry.text.meaning,
                        table_of(*entry.shape.section, names ? "NAME." : ""));
  }
  for (const FieldEntry& entry : root.fields) {
    if (entry.text.name != "faults") continue;
    text += fmt::format(
        "## faults\n\nEach item is one fault (`kill: orders`), a group that strikes together (`together: "
        "[...]`) or "
        "a random schedule (`random: {{of: [...]}}`). These fields go with every fault:\n\n{}\n",
        table_of(*entry.shape.section, ""));
    text += "A random schedule, which is the same for the same seed:\n\n" +
            table_of(*random_schedule_doc(), "random.") + "\n";
  }
  text += "## Kinds of faults\n\n";
  for (const fault::KindDoc& kind : fault::fault_kinds()) text += kind_section(kind);
  text.pop_back();
  return text;
}

std::string explain(const fault::KindDoc& kind) {
  std::string text = fmt::format("{}: {}\n\n", kind.name, kind.summary);
  text += fmt::format("target   {}\n", fault::describe(kind.target));
  text += fmt::format("happens  {}\n", kind.happens);
  text += fmt::format("proof    {}\n", kind.effect);
  text += fmt::format("heal     {}\n", kind.heal);
  if (!kind.needs.empty()) text += fmt::format("needs    {}\n", kind.needs);
  if (!kind.fields.empty()) text += "\nfields\n";
  for (const fault::FieldDoc& field : kind.fields) {
    text += fmt::format("  {:<10} {} ({}{})\n", field.name, field.meaning, type_of(field),
                        field.standard.empty() ? "" : "; default " + field.standard);
  }
  return text + "\nexample\n" + kind.example + "\n";
}

std::string list_of_kinds() {
  std::string text;
  for (const fault::KindDoc& kind : fault::fault_kinds()) {
    text += fmt::format("  {:<22} {}\n", kind.name, kind.summary);
  }
  return text;
}

}  // namespace squall::experiment
