#include "process/process_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::process {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Row {
  pid_t pid;
  pid_t parent;
  pid_t session;
  char state = 'S';
  std::uint64_t start_ticks = 100;
};

std::vector<pid_t> members_of(const ProcessTree::Root& root, const std::vector<Row>& rows,
                              const std::vector<pid_t>& marked = {}) {
  std::vector<ProcStatus> table;
  for (const Row& row : rows) {
    ProcStatus status;
    status.identity = {row.pid, row.start_ticks};
    status.parent = row.parent;
    status.session = row.session;
    status.state = row.state;
    table.push_back(status);
  }
  std::vector<pid_t> pids;
  for (const ProcStatus& member : tree_members(table, root, marked)) pids.push_back(member.identity.pid);
  return pids;
}

const ProcessTree::Root kRoot{.identity = {10, 100}, .mark = ""};

TEST(ProcessTree, TakesDescendantsAtAnyDepthAndInAnyOrderOfTheTable) {
  EXPECT_THAT(
      members_of(kRoot, {{1, 0, 1}, {30, 20, 30}, {20, 10, 10}, {10, 1, 10}, {40, 30, 40}, {50, 1, 50}}),
      ElementsAre(10, 30, 20, 40));
}

TEST(ProcessTree, TakesOrphansOfTheRootsSession) {
  EXPECT_THAT(members_of(kRoot, {{1, 0, 1}, {20, 1, 10}, {50, 1, 50}}), ElementsAre(20));
}

TEST(ProcessTree, LeavesTheSessionAloneWhenTheRootDoesNotLeadIt) {
  EXPECT_THAT(members_of({.identity = {10, 100}, .mark = "", .own_session = false},
                         {{10, 1, 10}, {20, 1, 10}, {21, 10, 10}}),
              ElementsAre(10, 21));
}

TEST(ProcessTree, TakesMarkedProcessesThatLeftTheSessionAndTheirParentAndTheirChildren) {
  EXPECT_THAT(members_of(kRoot, {{10, 1, 10}, {20, 1, 20}, {21, 20, 20}, {30, 1, 30}}, {20}),
              ElementsAre(10, 20, 21));
}

TEST(ProcessTree, AZombieIsNoMemberButItsSessionIsStillTaken) {
  EXPECT_THAT(members_of(kRoot, {{10, 1, 10, 'Z'}, {20, 1, 10}}), ElementsAre(20));
}

TEST(ProcessTree, NeverTakesTheTreeOfAnotherProcessThatGotTheSamePid) {
  EXPECT_THAT(members_of(kRoot, {{10, 1, 10, 'S', 999}, {20, 10, 10, 'S', 999}}), IsEmpty());
  // … but its own marked ones.
  EXPECT_THAT(members_of(kRoot, {{10, 1, 10, 'S', 999}, {20, 1, 20, 'S', 150}}, {20}), ElementsAre(20));
}

TEST(ProcessTree, ASessionMemberOlderThanTheRootIsAStranger) {
  EXPECT_THAT(members_of(kRoot, {{20, 1, 10, 'S', 50}}), IsEmpty());
}

}  // namespace
}  // namespace squall::process
