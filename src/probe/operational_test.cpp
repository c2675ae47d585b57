#include "probe/operational.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/asio_run.h"

namespace squall::probe {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Polls at a cadence of zero, so no test waits for the real clock to pass.
class OperationalTest : public ::testing::Test {
 protected:
  boost::asio::io_context io;
  std::unique_ptr<Operational> system = std::make_unique<Operational>(io);
  std::map<std::string, Finding> findings;
  std::vector<std::string> changes;

  void add(const std::string& name, bool required = true) {
    findings[name] = {Answer::kRed, "starting"};
    system->add({.name = name, .cadence = 0ns, .required = required},
                latched([this, name] { return findings[name]; }));
  }
  void begin() {
    system->on_change([this](const ProbeChange& change) {
      changes.push_back(
          fmt::format("{} {}>{}", change.probe, name_of(change.from), name_of(change.now.answer)));
    });
    system->start();
    turns();
  }
  void turns() {
    for (int i = 0; i < 100; ++i) io.poll_one();
    io.restart();
  }
};

TEST_F(OperationalTest, IsOperationalOnlyWhileEveryRequiredProbeIsGreen) {
  add("a");
  add("b");
  begin();
  EXPECT_FALSE(system->is_operational());
  findings["a"] = {Answer::kGreen, ""};
  turns();
  EXPECT_FALSE(system->is_operational());
  EXPECT_THAT(system->not_green(), ElementsAre("b: starting"));
  findings["b"] = {Answer::kGreen, ""};
  turns();
  EXPECT_TRUE(system->is_operational());
  EXPECT_THAT(system->not_green(), IsEmpty());
  findings["a"] = {Answer::kUnknown, "no idea"};
  turns();
  EXPECT_FALSE(system->is_operational());
  EXPECT_THAT(system->not_green(), ElementsAre("a: no idea"));
}

TEST_F(OperationalTest, OptionalProbesAreReportedButDoNotCount) {
  add("a");
  add("extra", false);
  findings["a"] = {Answer::kGreen, ""};
  begin();
  EXPECT_TRUE(system->is_operational());
  EXPECT_THAT(system->required(), ElementsAre("a"));
  EXPECT_EQ(system->last("extra")->answer, Answer::kRed);
}

TEST_F(OperationalTest, WithoutARequiredProbeNothingIsOperational) {
  add("extra", false);
  findings["extra"] = {Answer::kGreen, ""};
  begin();
  EXPECT_FALSE(system->is_operational());
}

TEST_F(OperationalTest, ReportsChangesOnceAndObservationsEachTime) {
  add("a");
  int observations = 0;
  system->on_observation([&](const std::string&, const Observation& seen) {
    ++observations;
    EXPECT_LE(seen.asked_at, seen.answered_at);
  });
  begin();
  findings["a"] = {Answer::kGreen, ""};
  turns();
  EXPECT_THAT(changes, ElementsAre("a unknown>red", "a red>green"));
  EXPECT_GT(observations, 4);
}

TEST_F(OperationalTest, WaitingEndsWithTheInstantOrTheReasons) {
  add("a");
  begin();
  const auto late = base::run(io, system->wait_operational(base::now()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message(), "not operational in time: a: starting");
  findings["a"] = {Answer::kGreen, ""};
  const auto green = base::run(io, system->wait_operational(base::now() + 1h));
  ASSERT_TRUE(green);
  EXPECT_LE(*green, base::now());
}

TEST_F(OperationalTest, NothingIsAskedAfterStop) {
  add("a");
  begin();
  ASSERT_TRUE(base::run(io, system->stop()));
  findings["a"] = {Answer::kGreen, ""};
  turns();
  EXPECT_THAT(changes, ElementsAre("a unknown>red"));
}

// A question that never ends by itself, as one to a frozen server.
class Silent final : public Probe {
 public:
  explicit Silent(boost::asio::io_context& io) : io_(io) {}
  boost::asio::awaitable<Finding> ask(base::Instant) override {
    boost::asio::steady_timer never(io_, base::Instant::max());
    co_await never.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return Finding{Answer::kGreen, ""};
  }

 private:
  boost::asio::io_context& io_;
};

TEST_F(OperationalTest, AQuestionUnderWayIsAbandonedByStopAndByTheDestructor) {
  system->add({.name = "silent"}, std::make_unique<Silent>(io));
  begin();
  EXPECT_TRUE(base::run(io, system->stop()));
  EXPECT_FALSE(system->last("silent")) << "an abandoned question has no answer";

  system = std::make_unique<Operational>(io);
  system->add({.name = "silent"}, std::make_unique<Silent>(io));
  begin();
  system.reset();
  turns();
  EXPECT_THAT(changes, IsEmpty());
}

}  // namespace
}  // namespace squall::probe
