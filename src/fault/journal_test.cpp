#include "fault/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace squall::fault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Undo kThaw = Thaw{.processes = {{812, 4711}, {813, 4712}}, .mark = "SQUALL_CHILD=a"};
const Undo kRestart = RestartServer{.server = "nats-1"};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "squall-journal-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    path = folder / "undo.jsonl";
  }
  ~JournalTest() override { std::filesystem::remove_all(folder); }

  Journal open() const {
    auto journal = Journal::open(path);
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().message());
    return *std::move(journal);
  }
  std::string text() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder;
  std::filesystem::path path;
};

// Answers by a script and remembers what it was asked to undo.
class ScriptedActions : public UndoActions {
 public:
  Undone thaw(const Thaw& thaw) override {
    calls.push_back(fmt::format("thaw {}", thaw.processes[0].pid));
    return answer;
  }
  Undone restart_server(const RestartServer& restart) override {
    calls.push_back("restart " + restart.server);
    return answer;
  }
  Undone restore_limits(const RestoreLimits& limits) override {
    calls.push_back(fmt::format("limits of {}", limits.limits[0].pid));
    return answer;
  }
  Undone run_command(const RunCommand& command) override {
    calls.push_back("run " + command.command[0]);
    return answer;
  }
  Undone ends_with_run(const EndsWithRun& ends) override {
    calls.push_back("ends " + ends.what);
    return answer;
  }
  Undone answer{UndoState::kUndone, ""};
  std::vector<std::string> calls;
};

TEST_F(JournalTest, AnArmedEntryIsOnTheDiskBeforeArmReturns) {
  Journal journal = open();
  ASSERT_EQ(journal.arm("freeze-router", kThaw).value_or(0), 1U);
  const auto read = read_journal(path);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->entries, ElementsAre(UndoEntry{.number = 1, .fault = "freeze-router", .undo = kThaw}));
  EXPECT_EQ(describe(read->entries[0]), "thaw pid 812 and 1 more (freeze-router)");
}

TEST_F(JournalTest, SettledEntriesStaySettledAfterReopening) {
  {
    Journal journal = open();
    ASSERT_TRUE(journal.arm("a", kThaw));
    ASSERT_TRUE(journal.arm("b", kRestart));
    ASSERT_TRUE(journal.arm("c", kRestart));
    ASSERT_TRUE(journal.settle(1, {UndoState::kVanished, "pid 812 is gone"}));
    ASSERT_TRUE(journal.settle(2, {UndoState::kFailed, "port in use"}));
  }
  const Journal journal = open();
  ASSERT_EQ(journal.entries().size(), 3U);
  EXPECT_EQ(journal.entries()[0].state, UndoState::kVanished);
  EXPECT_EQ(journal.entries()[0].reason, "pid 812 is gone");
  const auto left = journal.unsettled();
  ASSERT_EQ(left.size(), 2U) << "what failed is still to be undone";
  EXPECT_EQ(left[0].fault, "b");
  EXPECT_EQ(left[1].fault, "c");
}

// Whatever byte the crash came at: every entry whose arm() had returned is there, none is invented.
TEST_F(JournalTest, IsReadableAfterACrashAtAnyByte) {
  std::vector<std::size_t> sizes{0};
  {
    Journal journal = open();
    ASSERT_TRUE(journal.arm("a", kThaw));
    sizes.push_back(text().size());
    ASSERT_TRUE(journal.arm("b", kRestart));
    sizes.push_back(text().size());
    ASSERT_TRUE(journal.settle(1, {UndoState::kUndone, ""}));
    sizes.push_back(text().size());
  }
  const std::string whole = text();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto lines =
        std::ranges::count_if(sizes, [&](std::size_t size) { return size != 0 && size <= cut; });
    const auto entries = parse_journal(std::string_view(whole).substr(0, cut));
    ASSERT_TRUE(entries) << "cut at " << cut << ": " << entries.error().message();
    EXPECT_EQ(static_cast<long>(entries->entries.size()), std::min(lines, 2L)) << "cut at " << cut;
    if (lines == 0) continue;
    EXPECT_EQ(entries->entries[0].state, lines == 3 ? UndoState::kUndone : UndoState::kPending);
  }
}

TEST_F(JournalTest, GoesOnAfterATornLine) {
  {
    ASSERT_TRUE(open().arm("a", kThaw));
  }
  std::ofstream(path, std::ios::app) << R"({"number":2,"fault":"to)";
  {
    Journal journal = open();
    EXPECT_EQ(journal.entries().size(), 1U);
    ASSERT_EQ(journal.arm("b", kRestart).value_or(0), 2U);
  }
  const auto read = read_journal(path);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->entries[1].fault, "b");
}

TEST_F(JournalTest, DamageInTheMiddleIsAnErrorWithItsLine) {
  {
    ASSERT_TRUE(open().arm("a", kThaw));
  }
  std::ofstream(path, std::ios::app) << "nonsense\n";
  const auto journal = Journal::open(path);
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message(), HasSubstr("undo.jsonl: line 2: not JSON"));
}

TEST_F(JournalTest, RefusesEntriesThatCouldHarm) {
  const char* all =
      R"({"number":1,"fault":"x","state":"pending","undo":{"thaw":{"mark":"","processes":[{"pid":-1,"start_ticks":1}]}}})";
  EXPECT_FALSE(parse_journal(std::string(all) + "\n"));
  EXPECT_FALSE(
      parse_journal(R"({"number":2,"fault":"x","state":"pending","undo":{"restart_server":{"server":"n"}}})"
                    "\n"));
  EXPECT_FALSE(
      parse_journal(R"({"number":1,"fault":"x","state":"undone","undo":{"restart_server":{"server":"n"}}})"
                    "\n"));
  EXPECT_FALSE(parse_journal(R"({"number":1,"fault":"x","state":"pending","undo":{"format_disk":{}}})"
                             "\n"));
  EXPECT_FALSE(parse_journal("[]\n"));
}

TEST_F(JournalTest, AMissingJournalHasNoEntries) {
  const auto read = read_journal(folder / "none.jsonl");
  ASSERT_TRUE(read);
  EXPECT_THAT(read->entries, IsEmpty());
}

TEST_F(JournalTest, AFolderThatDoesNotExistIsNamed) {
  const auto journal = Journal::open("/no/such/folder/undo.jsonl");
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().message(),
            "cannot write the undo journal /no/such/folder/undo.jsonl: No such file or directory");
}

TEST_F(JournalTest, UndoAllGoesFromTheNewestAndIsIdempotent) {
  Journal journal = open();
  ASSERT_TRUE(journal.arm("a", kThaw));
  ASSERT_TRUE(journal.arm("b", kRestart));
  ScriptedActions actions;
  ASSERT_TRUE(undo_all(journal, actions));
  EXPECT_THAT(actions.calls, ElementsAre("restart nats-1", "thaw 812"));
  EXPECT_THAT(journal.unsettled(), IsEmpty());
  ASSERT_TRUE(undo_all(journal, actions));
  EXPECT_EQ(actions.calls.size(), 2U);
}

TEST_F(JournalTest, AFailedUndoIsTriedAgainNextTime) {
  Journal journal = open();
  ASSERT_TRUE(journal.arm("a", kThaw));
  ScriptedActions actions;
  actions.answer = {UndoState::kFailed, "not permitted"};
  const auto after = undo_all(journal, actions);
  ASSERT_TRUE(after);
  EXPECT_EQ((*after)[0].reason, "not permitted");
  actions.answer = {UndoState::kUndone, ""};
  Journal reopened = open();
  ASSERT_TRUE(undo_all(reopened, actions));
  EXPECT_EQ(actions.calls.size(), 2U);
  EXPECT_THAT(reopened.unsettled(), IsEmpty());
}

TEST_F(JournalTest, EveryKindOfUndoIsKept) {
  const std::vector<Undo> undos{
      kThaw, kRestart,
      RestoreLimits{.limits = {{.pid = 812,
                                .start_ticks = 4711,
                                .resource = "nofile",
                                .lowered = 20,
                                .original = UINT64_MAX}}},
      RunCommand{
          .command = {"docker", "unpause", "it's"}, .folder = "/tmp", .deadline = std::chrono::seconds(10)},
      EndsWithRun{.what = "link orders: partition"}};
  {
    Journal journal = open();
    for (const Undo& undo : undos) ASSERT_TRUE(journal.arm("x", undo));
  }
  const auto read = read_journal(path);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->entries.size(), undos.size());
  for (std::size_t i = 0; i < undos.size(); ++i) EXPECT_EQ(read->entries[i].undo, undos[i]) << i;
  EXPECT_EQ(by_hand(undos[0]), "kill -CONT 812 813");
  EXPECT_EQ(by_hand(undos[2]), "prlimit --pid 812 --nofile=unlimited:");
  EXPECT_EQ(by_hand(undos[3]), "(cd /tmp && docker unpause 'it'\\''s')");
}

TEST_F(JournalTest, SaysWhoseItIsAndWhenEntriesAreOverdue) {
  const JournalRun run{.run_id = "r1", .boot_id = boot_id(), .pid = 4711, .start_ticks = 99};
  const base::Instant overdue_at(std::chrono::seconds(5));
  {
    auto journal = Journal::open(path, run);
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_TRUE(journal->arm("a", kThaw, overdue_at));
  }
  const auto again = Journal::open(path, JournalRun{.run_id = "another"});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->run(), run) << "the first one stays";
  EXPECT_EQ(again->entries().at(0).overdue_at, overdue_at);
  EXPECT_FALSE(boot_id().empty());
}

TEST_F(JournalTest, AnotherProcessSettlesWhatTheRunIsStillWriting) {
  Journal journal = open();
  ASSERT_TRUE(journal.arm("a", kThaw));
  auto watchdog = Journal::join(path);
  ASSERT_TRUE(watchdog) << watchdog.error().message();
  ASSERT_TRUE(journal.arm("b", kRestart));
  ASSERT_TRUE(watchdog->settle(1, {UndoState::kUndone, "overdue"}));
  const auto read = read_journal(path);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->entries[0].state, UndoState::kUndone);
  EXPECT_EQ(read->entries[1].state, UndoState::kPending);
  EXPECT_FALSE(Journal::join(folder / "none.jsonl")) << "joining creates nothing";
}

TEST_F(JournalTest, CommandsAreUndoneLastSinceTheyMayTakeLong) {
  Journal journal = open();
  ASSERT_TRUE(journal.arm("a", kThaw));
  ASSERT_TRUE(journal.arm("b", RunCommand{.command = {"heal"}}));
  ScriptedActions actions;
  ASSERT_TRUE(undo_all(journal, actions));
  EXPECT_THAT(actions.calls, ElementsAre("thaw 812", "run heal"));
}

TEST_F(JournalTest, OneAtATimeHoldsTheLock) {
  (void)open();
  base::UniqueFd first = lock_journal(path, std::chrono::milliseconds(0));
  EXPECT_TRUE(first);
  EXPECT_FALSE(lock_journal(path, std::chrono::milliseconds(2)));
  first.reset();
  EXPECT_TRUE(lock_journal(path, std::chrono::milliseconds(0)));
}

TEST_F(JournalTest, WhatCannotBeWrittenIsAnErrorAndDoesNotCountAsArmed) {
  Journal journal = open();
  ASSERT_TRUE(journal.arm("a", kThaw));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit before = limit;
  signal(SIGXFSZ, SIG_IGN);
  limit.rlim_cur = text().size() + 10;  // the next line tears
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto torn = journal.arm("b", kRestart);
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(torn);
  EXPECT_EQ(journal.entries().size(), 1U);
  EXPECT_EQ(journal.arm("c", kRestart).value_or(0), 2U);
  const auto read = read_journal(path);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->entries[1].fault, "c");
}

}  // namespace
}  // namespace squall::fault
