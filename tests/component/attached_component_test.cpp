// Somebody else's processes, found by what their command lines say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/spawn.h"
#include "run/attached_processes.h"

namespace squall::run {
namespace {

using process::ProcessIdentity;
using process::ProcStatus;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LivingProcess {
 public:
  explicit LivingProcess(const std::string& mark) {
    auto spawned = process::spawn({.command = {"sh", "-c", "sleep 600; : " + mark}});
    EXPECT_TRUE(spawned);
    if (spawned) pid_ = spawned->pid;
  }
  ~LivingProcess() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  LivingProcess(const LivingProcess&) = delete;
  LivingProcess& operator=(const LivingProcess&) = delete;
  ProcessIdentity identity() const { return process::read_status(pid_).value_or(ProcStatus{}).identity; }

 private:
  pid_t pid_ = -1;
};

TEST(AttachedProcesses, IsFoundByAPartOfItsCommandLine) {
  const std::string mark = fmt::format("attached-{}", getpid());
  const LivingProcess one(mark);
  const LivingProcess other(mark + "-other");
  const LivingProcess unmarked("nothing");
  EXPECT_THAT(find_attached({.matching = mark}), UnorderedElementsAre(one.identity(), other.identity()));
  EXPECT_THAT(find_attached({.matching = mark + "-other"}), ElementsAre(other.identity()));
  EXPECT_THAT(find_attached({.matching = "no-such-" + mark}), IsEmpty());
}

TEST(AttachedProcesses, OneOutsideOfTheTreeThatIsAskedForIsNeverATarget) {
  const std::string mark = fmt::format("within-{}", getpid());
  const LivingProcess one(mark);
  const LivingProcess other(mark);
  AttachedSearch search{.matching = mark, .within = std::vector<process::ProcessTree>{}};
  EXPECT_THAT(find_attached(search), IsEmpty());
  search.within->emplace_back(process::ProcessTree::Root{.identity = other.identity(), .mark = {}});
  EXPECT_THAT(find_attached(search), ElementsAre(other.identity()));
}

}  // namespace
}  // namespace squall::run
