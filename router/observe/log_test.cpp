#include "router/observe/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "base/clock.h"

namespace router::observe {
namespace {

using nlohmann::json;

// A log in memory.
class RouterLog : public testing::Test {
 protected:
  RouterLog() : memory_(memfd_create("log", MFD_CLOEXEC)) {}

  Log open(Level level = Level::info) {
    auto log = Log::open({.path = fmt::format("/proc/self/fd/{}", memory_.get()),
                          .level = level,
                          .role = "decide",
                          .index = 1});
    EXPECT_TRUE(log);
    return std::move(*log);
  }

  std::vector<json> lines() {
    std::string text(static_cast<std::size_t>(lseek(memory_.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(memory_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::vector<json> parsed;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
      EXPECT_LE(end - begin, 4095U);
      parsed.push_back(json::parse(text.substr(begin, end - begin)));
    }
    EXPECT_EQ(begin, text.size()) << "the last line has no end";
    return parsed;
  }

  squall::base::UniqueFd memory_;
};

TEST_F(RouterLog, ALineSaysWhoWhenAndWhat) {
  open().warning("NATS_CONNECTION_LOST", "NATS connection lost", {{"url", "nats://a"}, {"attempt", 3}});
  const json line = lines().at(0);
  EXPECT_TRUE(squall::base::parse_rfc3339(line.at("ts").get<std::string>()));
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("role"), "decide");
  EXPECT_EQ(line.at("index"), 1);
  EXPECT_EQ(line.at("pid"), getpid());
  EXPECT_EQ(line.at("message"), "NATS connection lost");
  EXPECT_EQ(line.at("error_code"), "NATS_CONNECTION_LOST");
  EXPECT_EQ(line.at("url"), "nats://a");
  EXPECT_EQ(line.at("attempt"), 3);
}

TEST_F(RouterLog, WhatIsBelowTheLevelIsNotWritten) {
  const Log log = open(Level::warning);
  log.info("quiet");
  log.error("LOUD", "loud");
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0].at("message"), "loud");
  EXPECT_FALSE(lines()[0].contains("missing"));
}

TEST_F(RouterLog, BrokenTextStaysOneValidLine) {
  open().info("a\nb\"\xff", {{"payload", std::string("\x00\xfe", 2)}});
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(RouterLog, ALineThatWouldNotGoThroughAPipeInOnePieceLosesItsFields) {
  open().info("long", {{"payload", std::string(10'000, 'x')}});
  open().info(std::string(10'000, '\x01'));
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_EQ(lines()[0].at("message"), "long");
  EXPECT_EQ(lines()[0].at("fields_dropped"), true);
}

TEST_F(RouterLog, LinesOfManyWritersNeverInterleave) {
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([this, writer] {
        const Log log = open();
        for (int i = 0; i < 500; ++i)
          log.info("line", {{"padding", std::string(static_cast<std::size_t>(writer) * 300, 'x')}});
      });
    }
  }
  EXPECT_EQ(lines().size(), 2000U);
}

TEST(RouterLogFile, ThatCannotBeOpenedIsAnError) {
  const auto log =
      Log::open({.path = "/no/such/folder/log", .level = Level::info, .role = "decide", .index = 0});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().message(), "cannot open the log /no/such/folder/log: No such file or directory");
}

}  // namespace
}  // namespace router::observe
