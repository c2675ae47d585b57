#include "router/cli/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace router::cli {
namespace {

using nlohmann::json;

TEST(RouterStatus, ShowsTheTreeAndWhatIsMissing) {
  const json state = json::parse(R"({"version":"0.1.0","ready":false,"backpressure":"warning","pending":12,
    "in_flight":3,"decide_p95_ms":1.25,
    "tree":{"name":"guardian","pid":1,"state":"running","uptime_ms":184000,"restarts":0,"children":[
      {"name":"supervisor","pid":2,"state":"running","uptime_ms":900,"restarts":1,"children":[
        {"name":"decide-0","pid":null,"state":"dead","uptime_ms":null,"restarts":2,"nats":"disconnected",
         "consuming":false,"in_flight":0}]}]}})");
  const json readiness = json::parse(
      R"({"ready":false,"failing":[{"condition":"role_down","process":"decide-0","detail":"dead"}]})");
  const auto table = status_table(state, readiness);
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(
      *table,
      "router 0.1.0: NOT READY\n"
      "\n"
      "process                 pid  state           uptime restarts  nats          consuming in flight\n"
      "guardian                  1  running      3 min 4 s        0  -             -                 -\n"
      "  supervisor              2  running         900 ms        1  -             -                 -\n"
      "    decide-0              -  dead                 -        2  disconnected  no                0\n"
      "\n"
      "backpressure warning, 12 pending, 3 in flight, decide p95 1.2 ms\n"
      "not ready: decide-0 role_down (dead)\n");
}

TEST(RouterStatus, AnotherServersAnswerIsAnError) {
  for (const char* state : {"{}", "[]", "null", "7", R"({"version":1})"}) {
    EXPECT_FALSE(status_table(json::parse(state), json::object())) << state;
  }
}

}  // namespace
}  // namespace router::cli
