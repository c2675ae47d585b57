// What the commands print, byte for byte: help, a plan, mistakes, an explanation.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_command.h"
#include "golden_file.h"

namespace squall::golden {
namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "squall");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran{.code = cli::run_command(static_cast<int>(argv.size()), argv.data(), cli::all_commands())};
  std::fflush(nullptr);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

// Paths in what is printed are relative to the source tree.
std::string without_root(std::string text) {
  const std::string root = std::string(SQUALL_SOURCE_DIR) + "/";
  for (std::size_t at = text.find(root); at != std::string::npos; at = text.find(root))
    text.erase(at, root.size());
  return text;
}

std::string source(const std::string& path) { return std::string(SQUALL_SOURCE_DIR) + "/" + path; }

TEST(CliGolden, HelpFitsAScreen) {
  const Ran help = run({"--help"});
  EXPECT_EQ(help.code, cli::kOk);
  EXPECT_LE(std::ranges::count(help.out, '\n'), 40);
  expect_golden("help.txt", help.out);
}

TEST(CliGolden, AWrongCommandLineIsWrongUse) {
  EXPECT_EQ(run({}).code, cli::kUsage);
  EXPECT_EQ(run({"plan"}).code, cli::kUsage);
  EXPECT_EQ(run({"plan", "x.yaml", "--sede", "1"}).code, cli::kUsage);
  EXPECT_EQ(run({"explain", "kil"}).code, cli::kUsage);
}

TEST(CliGolden, PlanOfAShippedExperiment) {
  const Ran plan = run({"plan", source("experiments/kill-everything.yaml")});
  EXPECT_EQ(plan.code, cli::kOk) << plan.err;
  expect_golden("plan.txt", without_root(plan.out));
}

TEST(CliGolden, ARandomPlanAsJson) {
  const Ran plan =
      run({"plan", "--json", "--seed", "7", "--trials", "1", source("experiments/random-storm.yaml")});
  EXPECT_EQ(plan.code, cli::kOk) << plan.err;
  expect_golden("plan.json", without_root(plan.out));
}

TEST(CliGolden, Mistakes) {
  std::string said;
  for (const char* file : {"top-unknown", "fault-target", "when-two", "password-literal"}) {
    const Ran refused = run({"validate", source("tests/wrong_experiments/") + file + ".yaml"});
    EXPECT_EQ(refused.code, cli::kUsage);
    EXPECT_EQ(refused.out, "");
    said += refused.err;
  }
  expect_golden("mistakes.txt", without_root(said));
}

TEST(CliGolden, AnExplanation) { expect_golden("explain.txt", run({"explain", "ack_delay"}).out); }

}  // namespace
}  // namespace squall::golden
