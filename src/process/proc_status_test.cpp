#include "process/proc_status.h"

#include <gtest/gtest.h>

#include "process/pid_fd.h"

namespace squall::process {
namespace {

constexpr std::string_view kTail =
    " 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 10000000 300 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 "
    "1 0 "
    "0 0 0 0\n";

std::string stat_line(std::string_view name, std::string_view state = "S") {
  return fmt::format("812 ({}) {} 7 812 811 0 -1{}", name, state, kTail);
}

TEST(ProcStatus, ReadsAStatLine) {
  const auto status = parse_stat(stat_line("nats-server"));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->identity, (ProcessIdentity{812, 987654}));
  EXPECT_EQ(status->parent, 7);
  EXPECT_EQ(status->session, 811);
  EXPECT_EQ(status->state, 'S');
  EXPECT_TRUE(status->alive());
}

TEST(ProcStatus, ACommandNameMayHoldAnything) {
  for (const char* name : {"a b", ") R 1 1 1", "(x)", "", "a\nb", ")"}) {
    const auto status = parse_stat(stat_line(name));
    ASSERT_TRUE(status) << name;
    EXPECT_EQ(status->parent, 7) << name;
    EXPECT_EQ(status->identity.start_ticks, 987654U) << name;
  }
}

TEST(ProcStatus, AZombieIsNotAlive) {
  EXPECT_FALSE(parse_stat(stat_line("x", "Z"))->alive());
  EXPECT_FALSE(parse_stat(stat_line("x", "X"))->alive());
  EXPECT_TRUE(parse_stat(stat_line("x", "T"))->alive());
  EXPECT_TRUE(parse_stat(stat_line("x", "D"))->alive());
}

TEST(ProcStatus, AProcessOutlivesItsMainThread) {
  std::string line = stat_line("x", "Z");
  line.replace(line.find(" 20 0 1 0 "), 10, " 20 0 2 0 ");
  EXPECT_TRUE(parse_stat(line)->alive());
}

TEST(ProcStatus, RefusesWhatIsNoStatLine) {
  const std::string whole = stat_line("nats-server");
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("812 nats-server S 1"));
  EXPECT_FALSE(parse_stat("812 (nats-server) S 1 2"));
  EXPECT_FALSE(parse_stat("x (nats-server) S 7 812 811 0 -1" + std::string(kTail)));
  EXPECT_FALSE(parse_stat("812 (nats-server) S seven 812 811 0 -1" + std::string(kTail)));
}

TEST(ProcStatus, DescribesAProcessByItsProgram) {
  ProcStatus status;
  status.identity.pid = 5;
  EXPECT_EQ(status.describe(), "pid 5");
  status.arguments = {"node", "svc.mjs"};
  EXPECT_EQ(status.describe(), "node (pid 5)");
  status.executable = "/usr/bin/nodejs";
  EXPECT_EQ(status.describe(), "nodejs (pid 5)");
}

TEST(SignalNames, AreReadInEveryUsualForm) {
  for (const char* name : {"KILL", "SIGKILL", "kill", "sigKill", "9"})
    EXPECT_EQ(signal_number(name), 9) << name;
  EXPECT_EQ(signal_number("TERM"), 15);
  EXPECT_EQ(signal_number("42"), 42);
  for (const char* name : {"", "SIG", "NOPE", "0", "-9", "999", "9x"}) {
    EXPECT_EQ(signal_number(name), std::nullopt) << name;
  }
  EXPECT_EQ(signal_name(9), "SIGKILL");
  EXPECT_EQ(signal_name(42), "signal 42");
}

}  // namespace
}  // namespace squall::process
