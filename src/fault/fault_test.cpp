#include "fault/fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace squall::fault {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

std::vector<Fault> examples() {
  return {
      {.name = "kill-nats", .action = Kill{.target = "nats-1", .down_time = 2s}, .at = 250ms},
      {.name = "supervisor", .action = Kill{.target = "router", .signal = "TERM", .scope = Scope::kTree}},
      {.name = "lag",
       .action = Freeze{.target = "decide", .duration = 1500us, .scope = Scope::kProcess},
       .at = 1ns},
  };
}

TEST(Fault, JsonKeepsEverything) {
  for (const Fault& fault : examples()) {
    const auto read = fault_from_json(json::parse(to_json(fault).dump()));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, fault);
  }
}

TEST(Fault, JsonHasItsDocumentedShape) {
  EXPECT_EQ(to_json(examples()[0]), json::parse(R"({"name": "kill-nats", "at_ms": 250,
      "kill": {"target": "nats-1", "signal": "KILL", "scope": "process", "down_ms": 2000}})"));
}

TEST(Fault, DefaultsFillWhatIsNotSaid) {
  const auto read = fault_from_json(json::parse(R"({"name": "k", "kill": {"target": "x"}})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (Fault{.name = "k", .action = Kill{.target = "x"}}));
}

TEST(Fault, EachMistakeIsNamed) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {R"([])", "a fault must be an object"},
      {R"({"kill": {"target": "x"}})", "fault: name is missing"},
      {R"({"name": "", "kill": {"target": "x"}})", "name must be a text that is not empty"},
      {R"({"name": "k"})", "fault k: needs exactly one kind of fault"},
      {R"({"name": "k", "kill": {"target": "x"}, "freeze": {"target": "x"}})", "exactly one kind"},
      {R"({"name": "k", "kill": 7})", "fault k: kill must be an object"},
      {R"({"name": "k", "kill": {}})", "fault k: kill: target is missing"},
      {R"({"name": "k", "kill": {"target": "x", "signal": "CONT"}})", "signal must be one of KILL"},
      {R"({"name": "k", "kill": {"target": "x", "scope": "all"}})",
       "scope must be tree or process or children or child, not all"},
      {R"({"name": "k", "kill": {"target": "x", "dwon_ms": 1}})", "kill: unknown field dwon_ms"},
      {R"({"name": "k", "kill": {"target": "x", "down_ms": -1}})",
       "down_ms must be a number of milliseconds"},
      {R"({"name": "k", "kill": {"target": "x", "down_ms": 1e300}})", "down_ms must be a number"},
      {R"({"name": "k", "kill": {"target": "x", "down_ms": "1s"}})", "down_ms must be a number"},
      {R"({"name": "k", "freeze": {"target": "x"}})", "fault k: freeze: duration_ms is missing"},
      {R"({"name": "k", "att_ms": 1, "freeze": {"target": "x", "duration_ms": 1}})", "unknown field att_ms"},
  };
  for (const auto& [text, message] : cases) {
    const auto read = fault_from_json(json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message(), HasSubstr(message)) << text;
  }
}

TEST(Fault, SaysWhatItDoes) {
  const auto faults = examples();
  EXPECT_EQ(describe(faults[0].action), "SIGKILL to nats-1, down for 2.00 s");
  EXPECT_EQ(describe(faults[1].action),
            "SIGTERM to router with all that it started, restarted by its own supervisor");
  EXPECT_EQ(describe(faults[2].action), "decide frozen for 1.5 ms");
  EXPECT_EQ(active_time(faults[0].action), 2s);
  EXPECT_EQ(active_time(faults[1].action), std::nullopt);
  EXPECT_EQ(target_of(faults[2].action), "decide");
}

}  // namespace
}  // namespace squall::fault
