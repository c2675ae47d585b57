#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "evidence/append_file.h"
#include "evidence/read_back.h"
#include "evidence/run_folder.h"
#include "evidence/seal.h"

namespace squall::evidence {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// 2023-11-14T22:13:20Z
const base::WallAnchor kAnchor{base::Instant{std::chrono::seconds{100}},
                               base::WallInstant{std::chrono::seconds{1'700'000'000}}};

class RunFolderTest : public testing::Test {
 protected:
  RunFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "squall-evidence-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~RunFolderTest() override { fs::remove_all(root_); }

  RunFolder create(const std::string& name = "suite") {
    auto folder = RunFolder::create({.artifacts = root_ / "_artifacts", .name = name, .anchor = kAnchor});
    EXPECT_TRUE(folder) << folder.error().message();
    return *std::move(folder);
  }

  fs::path root_;
};

TEST_F(RunFolderTest, IsNamedByTimeAndNameAndNeverUsedTwice) {
  EXPECT_EQ(create().path().filename(), "20231114T221320Z-suite");
  EXPECT_EQ(create().path().filename(), "20231114T221320Z-suite-2");
  EXPECT_EQ(create("a b/../ü").path().filename(), "20231114T221320Z-a-b-..---");
  EXPECT_EQ(fs::read_symlink(root_ / "_artifacts/latest"), "20231114T221320Z-a-b-..---");
  EXPECT_TRUE(fs::is_directory(root_ / "_artifacts/latest/logs"));
}

TEST_F(RunFolderTest, LeavesAForeignFileCalledLatestAlone) {
  fs::create_directories(root_ / "_artifacts");
  std::ofstream(root_ / "_artifacts/latest") << "mine";
  create();
  EXPECT_EQ(read_file(root_ / "_artifacts/latest").value_or(""), "mine");
}

TEST_F(RunFolderTest, EventsAreReadBackAsTheyWereInTheOrderOfTime) {
  RunFolder folder = create();
  ASSERT_TRUE(folder.append(Event{kAnchor.mono + milliseconds{20}, EventKind::heal, "nats-1 back", "t", 2}));
  ASSERT_TRUE(folder.append(Event{
      kAnchor.mono + microseconds{1'234}, EventKind::log, "bytes \xff\n\"x\"", "", {}, {{"pid", 4711}}}));
  const auto timeline = read_timeline(folder.path());
  ASSERT_TRUE(timeline);
  ASSERT_EQ(timeline->entries.size(), 2U);
  const TimelineEntry& log = timeline->entries[0];
  EXPECT_EQ(log.since_start, microseconds{1'234});
  EXPECT_EQ(log.utc, kAnchor.wall + microseconds{1'234});
  EXPECT_EQ(log.kind, EventKind::log);
  EXPECT_EQ(log.what, "bytes \xef\xbf\xbd\n\"x\"");
  EXPECT_EQ(log.fields.at("pid"), 4711);
  EXPECT_EQ(log.trial, std::nullopt);
  EXPECT_EQ(timeline->entries[1].case_name, "t");
  EXPECT_EQ(timeline->entries[1].trial, 2);
  EXPECT_EQ(timeline->unreadable_lines, 0U);
}

TEST_F(RunFolderTest, EveryEventIsOnDiskAsSoonAsItIsAppended) {
  RunFolder folder = create();
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(folder.append(Event{kAnchor.mono, EventKind::note, "n"}));
    EXPECT_EQ(read_timeline(folder.path())->entries.size(), static_cast<std::size_t>(i));
  }
}

TEST_F(RunFolderTest, ATornOrForeignLineIsSkippedAndCounted) {
  RunFolder folder = create();
  ASSERT_TRUE(folder.append(Event{kAnchor.mono, EventKind::note, "first"}));
  std::ofstream(folder.path() / "timeline.jsonl", std::ios::app)
      << "{\"t_ms\":1.0}\n{\"t_ms\":1,\"utc\":\"2023-11-14T22:13:20Z\",\"kind\":\"dance\",\"what\":\"\"}\n{"
         "\"t_ms\":";
  const auto timeline = read_timeline(folder.path());
  ASSERT_TRUE(timeline);
  EXPECT_EQ(timeline->entries.size(), 1U);
  EXPECT_EQ(timeline->unreadable_lines, 3U);
}

TEST_F(RunFolderTest, LinesOfSeveralThreadsStayWhole) {
  RunFolder folder = create();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&folder] {
        for (int i = 0; i < 250; ++i) {
          EXPECT_TRUE(folder.append(Event{kAnchor.mono, EventKind::note, std::string(300, 'x')}));
        }
      });
    }
  }
  const auto timeline = read_timeline(folder.path());
  EXPECT_EQ(timeline->entries.size(), 1000U);
  EXPECT_EQ(timeline->unreadable_lines, 0U);
}

TEST_F(RunFolderTest, TheManifestDescribesTheHostAndWhatIsAdded) {
  RunFolder folder = create();
  ASSERT_TRUE(folder.write_manifest({{"seed", 7}, {"versions", {{"nats-server", "2.9.10"}}}}));
  const auto manifest = read_manifest(folder.path());
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->at("seed"), 7);
  EXPECT_EQ(manifest->at("started"), "2023-11-14T22:13:20.000000Z");
  EXPECT_GT(manifest->at("host").at("cpus").get<int>(), 0);
  EXPECT_GT(manifest->at("host").at("memory_bytes").get<std::int64_t>(), 1 << 20);
  EXPECT_FALSE(manifest->at("host").at("kernel").get<std::string>().empty());
}

TEST_F(RunFolderTest, TheSealIsReadBySha256sumAndNamesWhatChanged) {
  RunFolder folder = create();
  ASSERT_TRUE(folder.append(Event{kAnchor.mono, EventKind::note, "x"}));
  ASSERT_TRUE(folder.write_file("nats/odd\\name\nhere", "1"));
  ASSERT_TRUE(folder.write_file("empty", ""));
  ASSERT_TRUE(folder.seal());
  const std::string check = "cd '" + folder.path().string() + "' && sha256sum --strict --quiet -c SHA256SUMS";
  EXPECT_EQ(std::system(check.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_THAT(verify_seal(folder.path()).value(), IsEmpty());

  std::ofstream(folder.path() / "timeline.jsonl", std::ios::app) << "more\n";
  std::ofstream(folder.path() / "added") << "new";
  fs::remove(folder.path() / "empty");
  EXPECT_THAT(verify_seal(folder.path()).value(), ElementsAre("added", "empty", "timeline.jsonl"));
  ASSERT_TRUE(folder.seal());
  EXPECT_THAT(verify_seal(folder.path()).value(), IsEmpty());
}

TEST_F(RunFolderTest, AnUnsealedOrDamagedSealIsAnError) {
  RunFolder folder = create();
  EXPECT_THAT(verify_seal(folder.path()).error().message(), HasSubstr("not sealed"));
  std::ofstream(folder.path() / "SHA256SUMS") << "rubbish\n";
  EXPECT_THAT(verify_seal(folder.path()).error().message(), HasSubstr("damaged"));
}

TEST_F(RunFolderTest, AnUnusableArtifactsFolderIsNamedWithTheReason) {
  std::ofstream(root_ / "file") << "";
  const auto a_file = RunFolder::create({.artifacts = root_ / "file", .name = "x", .anchor = kAnchor});
  ASSERT_FALSE(a_file);
  EXPECT_THAT(a_file.error().message(), HasSubstr((root_ / "file").string()));
  EXPECT_THAT(a_file.error().message(), HasSubstr("Not a directory"));
  // Not even root may make folders in /proc.
  const auto refused = RunFolder::create({.artifacts = "/proc/self", .name = "x", .anchor = kAnchor});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("/proc/self"));
}

TEST_F(RunFolderTest, AFileIsReplacedWholeAndLeavesNothingBeside) {
  RunFolder folder = create();
  ASSERT_TRUE(folder.write_file("verdict.json", "old and long"));
  ASSERT_TRUE(folder.write_file("verdict.json", "new"));
  EXPECT_EQ(read_file(folder.path() / "verdict.json").value_or(""), "new");
  EXPECT_FALSE(fs::exists(folder.path() / "verdict.json.new"));
  EXPECT_FALSE(folder.write_file("no/such/folder", "x"));
}

TEST(AppendFile, AFullDiskIsAClearError) {
  const auto file = AppendFile::open("/dev/full");
  ASSERT_TRUE(file);
  const auto appended = file->append("line\n");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().message(),
            "cannot write to /dev/full; the evidence is incomplete: No space left on device");
}

TEST(Seal, MatchesThePublishedSha256OfAbc) {
  std::string name = (fs::temp_directory_path() / "squall-seal-XXXXXX").string();
  const base::UniqueFd fd(::mkstemp(name.data()));
  ASSERT_EQ(::write(fd.get(), "abc", 3), 3);
  EXPECT_EQ(sha256_of_file(name).value_or(""),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  fs::remove(name);
}

}  // namespace
}  // namespace squall::evidence
