#include "cli/schema_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "experiment/reference.h"

namespace squall::cli {
namespace {

struct Asked {
  bool markdown = false;
};

int print_schema(const Asked& asked) {
  const std::string text =
      asked.markdown ? experiment::reference_page() : experiment::experiment_schema().dump(2) + "\n";
  std::fputs(text.c_str(), stdout);
  return kOk;
}

}  // namespace

Command schema_command() {
  auto asked = std::make_shared<Asked>();
  return {.name = "schema",
          .summary = "Print the JSON Schema of experiment files",
          .options = {{.name = "--markdown", .help = "The reference page instead", .into = &asked->markdown}},
          .run = [asked] { return print_schema(*asked); },
          .state = asked};
}

}  // namespace squall::cli
