// The labelled wrong files of tests/wrong_experiments: the first line of each says where it is refused and
// with which words. And whatever becomes of them by random edits: accepted or refused, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/seed.h"
#include "experiment/parse.h"
#include "experiment/plan.h"

namespace squall::experiment {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const fs::path kFolder = fs::path(SQUALL_SOURCE_DIR) / "tests/wrong_experiments";

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// What `squall validate` says.
Mistakes mistakes_of(const std::string& file) {
  const Parsed parsed = load_experiment(file);
  return parsed.ok() ? plan_experiment(parsed.experiment).mistakes : parsed.mistakes;
}

struct Label {
  std::string place;  // "7:3", or "anywhere"
  std::string words;
};

Label label_of(const std::string& text) {
  static constexpr std::string_view kHead = "# refused at ";
  const std::string first = text.substr(0, text.find('\n'));
  EXPECT_TRUE(first.starts_with(kHead)) << first;
  const std::size_t end = first.find(": ");
  return {first.substr(kHead.size(), end - kHead.size()), first.substr(end + 2)};
}

TEST(WrongFiles, ThereAreAtLeastTwoHundred) { EXPECT_GE(yaml_files(kFolder).size(), 200U); }

TEST(WrongFiles, EachIsRefusedAtThePlaceOfItsMistakeWithItsWords) {
  for (const fs::path& file : yaml_files(kFolder)) {
    const Label label = label_of(text_of(file));
    const std::string said = to_text(mistakes_of(file.string()));
    const bool refused = std::ranges::any_of(mistakes_of(file.string()), [&](const Mistake& mistake) {
      const std::string place = fmt::format("{}:{}", mistake.place.line, mistake.place.column);
      return (label.place == "anywhere" || label.place == place) &&
             to_text(mistake).find(label.words) != std::string::npos;
    });
    EXPECT_TRUE(refused) << file.filename() << ": want " << label.place << ": " << label.words << "\n"
                         << said;
  }
}

// One to eight edits of bytes, lines and pieces of other files.
std::string edited(std::string text, const std::vector<std::string>& corpus, base::Seed seed) {
  static constexpr std::string_view kBytes = "{}[]:,&*#?|-<>=!%@`'\"\\\n \t~$0aZ\xff\x01";
  const std::uint64_t edits = 1 + seed.derive("edits").below(8);
  for (std::uint64_t i = 0; i < edits && !text.empty(); ++i) {
    const base::Seed edit = seed.derive(i);
    const std::size_t at = edit.derive("at").below(text.size());
    const std::size_t length = std::min<std::size_t>(edit.derive("length").below(40), text.size() - at);
    switch (edit.derive("what").below(5)) {
      case 0:
        text[at] = kBytes[edit.derive("byte").below(kBytes.size())];
        break;
      case 1:
        text.insert(at, 1, kBytes[edit.derive("byte").below(kBytes.size())]);
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      default: {
        const std::string& other = corpus[edit.derive("other").below(corpus.size())];
        text.insert(at, other.substr(edit.derive("from").below(other.size()), 40));
      }
    }
  }
  return text;
}

TEST(WrongFiles, TenThousandEditedFilesAreAcceptedOrRefusedAndNeverCrash) {
  std::vector<std::string> corpus;
  for (const fs::path& folder : {kFolder, fs::path(SQUALL_SOURCE_DIR) / "experiments"}) {
    for (const fs::path& file : yaml_files(folder)) {
      if (auto text = text_of(file); !text.empty()) corpus.push_back(std::move(text));
    }
  }
  int refused = 0;
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    const base::Seed seed(number);
    const std::string text = edited(corpus[seed.derive("which").below(corpus.size())], corpus, seed);
    const base::Instant began = base::now();
    const Parsed parsed = parse_experiment(text, "edited.yaml", {});
    const Mistakes mistakes =
        parsed.ok() ? plan_experiment(parsed.experiment, {.trials = 2}).mistakes : parsed.mistakes;
    if (!mistakes.empty()) ++refused;
    for (const Mistake& mistake : mistakes) {
      EXPECT_TRUE(mistake.place.file == "edited.yaml" && mistake.place.line > 0 && mistake.place.column > 0)
          << to_text(mistake) << "\n"
          << text;
      EXPECT_FALSE(mistake.message.empty()) << text;
    }
    EXPECT_LT(base::now() - began, 5s) << text;
  }
  EXPECT_GT(refused, 1000);
}

TEST(ShippedExperiments, EachIsValidAndPlannedAndSaysWhatItIsFor) {
  std::vector<std::string> modes;
  for (const fs::path& file : yaml_files(fs::path(SQUALL_SOURCE_DIR) / "experiments")) {
    const Parsed parsed = load_experiment(file.string());
    EXPECT_EQ(to_text(parsed.mistakes), "");
    EXPECT_EQ(parsed.experiment.name, file.stem()) << "a file is called as its experiment";
    EXPECT_NE(parsed.experiment.purpose, "") << file;
    const Planned planned = plan_experiment(parsed.experiment);
    EXPECT_EQ(to_text(planned.mistakes), "");
    EXPECT_NE(to_text(parsed.experiment, planned.plan), "");
    for (const std::string& mode : parsed.experiment.failure_modes) modes.push_back(mode);
  }
  // The two with an SLO are repeated more often in files of their own.
  EXPECT_THAT(modes, ::testing::UnorderedElementsAre(
                         "FM-NATS-001", "FM-NATS-001", "FM-NATS-002", "FM-ROUTER-001", "FM-ROUTER-001",
                         "FM-ROUTER-002", "FM-JETSTREAM-001", "FM-JETSTREAM-002", "FM-NETWORK-001"));
}

}  // namespace
}  // namespace squall::experiment
