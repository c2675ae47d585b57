#include "process/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace squall::process {
namespace {

// Runs a command to its end and returns what it printed.
std::string output_of(SpawnOptions options, int* exit_status = nullptr) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  options.stdout_fd = fds[1];
  auto child = spawn(options);
  close(fds[1]);
  EXPECT_TRUE(child.has_value()) << (child ? "" : child.error().message());
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(fds[0], buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  close(fds[0]);
  int status = 0;
  if (child) waitpid(child->pid, &status, 0);
  if (exit_status != nullptr) *exit_status = status;
  return text;
}

TEST(Spawn, RunsTheCommandWithItsEnvironmentAndDirectory) {
  int status = -1;
  EXPECT_EQ(output_of({.command = {"sh", "-c", "echo $SQUALL_X; pwd; exit 3"},
                       .environment = {{"SQUALL_X", "seven"}},
                       .working_directory = "/"},
                      &status),
            "seven\n/\n");
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(Spawn, AMissingProgramIsAnErrorThatNamesIt) {
  const auto child = spawn({.command = {"/no/such/program"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(), "cannot execute /no/such/program: No such file or directory");
}

TEST(Spawn, AMissingDirectoryIsNamed) {
  const auto child = spawn({.command = {"true"}, .working_directory = "/no/such/folder"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(), "cannot start true in /no/such/folder: No such file or directory");
}

TEST(Spawn, TheChildLeadsItsOwnSession) {
  EXPECT_EQ(output_of({.command = {"sh", "-c", "test $(ps -o sid= -p $$) = $$ && echo own || echo shared"}}),
            "own\n");
}

TEST(Spawn, ThePidfdBecomesReadableAtExit) {
  auto child = spawn({.command = {"sleep", "60"}});
  ASSERT_TRUE(child);
  pollfd waiting{child->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
  kill(child->pid, SIGKILL);
  EXPECT_EQ(poll(&waiting, 1, 10'000), 1);
  waitpid(child->pid, nullptr, 0);
}

TEST(Spawn, TheChildDiesWithItsParent) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    auto child = spawn({.command = {"sleep", "60"}, .inherited_fds = {fds[1]}});
    _exit(child ? 0 : 1);
  }
  close(fds[1]);
  int status = 0;
  waitpid(parent, &status, 0);
  EXPECT_EQ(status, 0);
  // The grandchild holds the write end: end of file means that it is gone.
  pollfd waiting{fds[0], POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 10'000), 1);
  char byte = 0;
  EXPECT_EQ(read(fds[0], &byte, 1), 0);
  close(fds[0]);
}

}  // namespace
}  // namespace squall::process
