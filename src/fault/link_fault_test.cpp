#include "fault/link_fault.h"

namespace squall::fault {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

LinkFault parsed(const char* text) {
  auto fault = link_fault_from_json(json::parse(text));
  EXPECT_TRUE(fault) << fault.error().message();
  return fault.value_or(LinkFault{});
}

std::string error_of(const char* text) {
  auto fault = link_fault_from_json(json::parse(text));
  return fault ? "" : fault.error().message();
}

TEST(LinkFault, IsTheSameAfterJsonAndBack) {
  const NatsFault late{
      .name = "late", .match = {.kinds = {NatsKind::kAck}}, .action = NatsDelay{.delay = 300ms}};
  const std::vector<LinkAction> actions{Latency{100ms, 10ms},
                                        Bandwidth{1000},
                                        SlowClose{1s},
                                        Timeout{0ms},
                                        ResetPeer{5ms},
                                        Refuse{},
                                        HalfOpen{},
                                        BlackHole{4096, {}},
                                        CutAfterBytes{7},
                                        CutAfterTime{2s},
                                        Slicer{100, 10, 50us},
                                        LimitData{1024},
                                        late};
  ASSERT_EQ(actions.size(), std::variant_size_v<LinkAction>);
  for (const LinkAction& action : actions) {
    LinkFault fault{.name = "late", .action = action, .stream = LinkStream::kUpstream};
    if (!is_nats(fault)) fault.toxicity = 0.5;
    const auto again = link_fault_from_json(to_json(fault));
    ASSERT_TRUE(again) << kind_of(action) << ": " << again.error().message();
    EXPECT_EQ(*again, fault) << kind_of(action);
  }
}

TEST(LinkFault, StrikesDownstreamOfAllConnectionsUnlessItSaysOtherwise) {
  const LinkFault fault = parsed(R"({"name": "slow", "latency": {"delay_ms": 0.5}})");
  EXPECT_EQ(fault.stream, LinkStream::kDownstream);
  EXPECT_EQ(fault.toxicity, 1);
  EXPECT_TRUE(fault.enabled);
  EXPECT_EQ(std::get<Latency>(fault.action), (Latency{500us, 0ms}));
}

TEST(LinkFault, TakesAPresetOfNatsByItsName) {
  const LinkFault fault = parsed(R"({"name": "late", "nats": {"preset": "ack_delay", "delay_ms": 300}})");
  EXPECT_EQ(std::get<NatsFault>(fault.action).name, "late");
  EXPECT_EQ(fault.stream, LinkStream::kBoth);
}

TEST(LinkFault, SaysWhichFieldIsWrong) {
  EXPECT_EQ(error_of(R"({"latency": {"delay_ms": 1}})"), "fault: name is missing");
  EXPECT_EQ(error_of(R"({"name": "a", "latency": {"delay": 1}})"), "fault: latency: unknown field delay");
  EXPECT_EQ(error_of(R"({"name": "a", "latency": {"delay_ms": -1}})"),
            "fault: latency: delay_ms must be a number of milliseconds from 0 on");
  EXPECT_EQ(error_of(R"({"name": "a", "stream": "up", "refuse": {}})"),
            "fault: stream must be upstream, downstream or both, not up");
  EXPECT_EQ(error_of(R"({"name": "a", "toxicity": 1.5, "refuse": {}})"),
            "fault a: toxicity must be from 0 to 1");
  EXPECT_EQ(error_of(R"({"name": "a", "bandwidth": {}})"),
            "fault a: bandwidth: bytes_per_second must be above 0");
  EXPECT_EQ(error_of(R"({"name": "a", "latency": {"delay_ms": 1}, "refuse": {}})"),
            "fault: unknown field refuse");
  EXPECT_EQ(error_of(R"({"name": "a"})"), "fault: no kind of fault is named (latency, bandwidth, nats, …)");
}

TEST(LinkFault, ReadsAsASentence) {
  EXPECT_EQ(describe({.name = "a", .action = Latency{100ms, 10ms}, .toxicity = 0.5}),
            "latency of 100 ms ± 10 ms downstream, 50 % of connections");
  EXPECT_EQ(describe({.name = "a", .action = Refuse{}}), "new connections refused");
}

}  // namespace
}  // namespace squall::fault
