#include "cli/list_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/complain.h"
#include "experiment/parse.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;

// Beside the program (a package has it in ../share/squall), or where it was built.
base::Result<fs::path> shipped_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& candidate :
       {fs::path("experiments"), program.parent_path() / "../share/squall/experiments",
        fs::path(SQUALL_EXPERIMENTS)}) {
    if (fs::is_directory(candidate, error)) return candidate.lexically_normal();
  }
  return base::fail("no folder with experiments found: name one");
}

int print_list(const std::string& asked) {
  const auto folder = asked.empty() ? shipped_folder() : base::Result<fs::path>(asked);
  if (!folder) return complain(kUsage, folder.error());
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(*folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".yaml") files.push_back(at->path());
  }
  if (error) return complain(kUsage, base::Error(folder->string() + ": " + error.message()));
  if (files.empty()) return complain(kUsage, base::Error(folder->string() + ": no experiments (*.yaml)"));
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const experiment::Parsed parsed = experiment::load_experiment(file.string());
    std::string modes;
    for (const std::string& mode : parsed.experiment.failure_modes) modes += "  " + mode;
    std::printf("%s%s\n", file.string().c_str(), modes.c_str());
    if (!parsed.ok()) {
      std::printf("    has %zu mistake%s: squall validate %s\n", parsed.mistakes.size(),
                  parsed.mistakes.size() == 1 ? "" : "s", file.string().c_str());
    } else if (!parsed.experiment.purpose.empty()) {
      std::printf("    %s\n", parsed.experiment.purpose.c_str());
    }
  }
  return kOk;
}

}  // namespace

Command list_command() {
  auto folder = std::make_shared<std::string>();
  return {.name = "list",
          .summary = "List the experiments that ship with Squall",
          .options = {{.name = "folder",
                       .help = "List those of this folder",
                       .into = folder.get(),
                       .value = "FOLDER"}},
          .run = [folder] { return print_list(*folder); },
          .state = folder};
}

}  // namespace squall::cli
