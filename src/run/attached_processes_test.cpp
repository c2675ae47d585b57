#include "run/attached_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::run {
namespace {

using process::ProcessIdentity;
using process::ProcStatus;
using testing::ElementsAre;

TEST(AttachedProcesses, AUnitIsAPartOfTheCgroupsPath) {
  const std::string v2 = "0::/system.slice/orders.service\n";
  const std::string v1 = "12:pids:/system.slice/orders.service/worker\n1:name=systemd:/system.slice\n";
  EXPECT_TRUE(is_in_unit(v2, "orders.service"));
  EXPECT_TRUE(is_in_unit(v2, "orders")) << "a service, where nothing else is said";
  EXPECT_TRUE(is_in_unit(v1, "orders"));
  EXPECT_FALSE(is_in_unit(v2, "order"));
  EXPECT_FALSE(is_in_unit(v2, "ders.service"));
  EXPECT_FALSE(is_in_unit("", "orders"));
}

ProcStatus process_of(pid_t pid, pid_t parent) {
  ProcStatus status;
  status.identity = ProcessIdentity{.pid = pid, .start_ticks = 1};
  status.parent = parent;
  status.state = 'S';
  return status;
}

TEST(AttachedProcesses, OfATreeThatMatchesOnlyTheRootIsATarget) {
  // npm (10) → sh (11) → node (12), of which npm and node carry the text; 20 is another one.
  const std::vector<ProcStatus> table{process_of(1, 0), process_of(10, 1), process_of(11, 10),
                                      process_of(12, 11), process_of(20, 1)};
  EXPECT_THAT(roots_among({table[4], table[3], table[1]}, table),
              ElementsAre(ProcessIdentity{10, 1}, ProcessIdentity{20, 1}));
}

}  // namespace
}  // namespace squall::run
