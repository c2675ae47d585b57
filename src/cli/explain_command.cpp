#include "cli/explain_command.h"

#include <cstdio>

#include "cli/complain.h"
#include "experiment/mistake.h"
#include "experiment/reference.h"

namespace squall::cli {
namespace {

int print_explanation(const std::string& name) {
  if (name.empty()) {
    std::printf("faults, for `squall explain FAULT`:\n%s", experiment::list_of_kinds().c_str());
    return kOk;
  }
  const fault::KindDoc* kind = fault::find_kind(name);
  if (kind == nullptr) {
    std::vector<std::string> known;
    for (const fault::KindDoc& each : fault::fault_kinds()) known.push_back(each.name);
    return complain(kUsage, base::Error("no such fault: " + name + experiment::suggestion(name, known)));
  }
  std::fputs(experiment::explain(*kind).c_str(), stdout);
  return kOk;
}

}  // namespace

Command explain_command() {
  auto name = std::make_shared<std::string>();
  return {.name = "explain",
          .summary = "Say what a fault does, how it is proven and healed",
          .options = {{.name = "fault",
                       .help = "Its kind; without it all are listed",
                       .into = name.get(),
                       .value = "FAULT"}},
          .run = [name] { return print_explanation(*name); },
          .state = name};
}

}  // namespace squall::cli
