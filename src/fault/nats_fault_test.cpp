#include "fault/nats_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "fault/nats_presets.h"

namespace squall::fault {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

std::vector<NatsFault> examples() {
  const NatsMatch deliveries{.kinds = {NatsKind::kDelivery}};
  const NatsMatch acks{.kinds = {NatsKind::kAck}, .stream = "ORDERS", .consumer = "work*"};
  return {
      {.name = "delay", .match = acks, .action = NatsDelay{.delay = 300ms, .jitter = 20ms}},
      {.name = "drop",
       .match = {.verbs = {"PUB", "HPUB"},
                 .subject = "orders.*.>",
                 .sender = wire::Sender::kClient,
                 .client = "x*"},
       .limit = {.from = 3, .every = 2, .count = 7, .probability = 0.25},
       .action = NatsDrop{}},
      {.name = "duplicate", .match = deliveries, .action = NatsDuplicate{.copies = 3}},
      {.name = "reorder", .match = deliveries, .action = NatsReorder{.within = 50ms}},
      {.name = "hold",
       .match = {.connection = 2, .larger_than = 100, .handshake = true},
       .action = NatsHold{}},
      {.name = "corrupt", .match = deliveries, .action = NatsCorrupt{.bytes = 2}},
      {.name = "say", .match = deliveries, .action = NatsSayError{.text = "No", .disconnect = true}},
      {.name = "cut", .match = deliveries, .action = NatsDisconnect{.reset = true}},
      {.name = "stop",
       .match = {.kinds = {NatsKind::kConnection}, .new_connections = true},
       .action = NatsStopReading{.side = wire::Sender::kClient}},
      {.name = "nak", .match = acks, .action = NatsNakInstead{.delay = 5ms}},
      {.name = "503", .match = {.kinds = {NatsKind::kPull}}, .action = NatsNoResponders{}},
      {.name = "answer", .match = deliveries, .action = NatsReplaceAnswer{.payload = "{}", .status = 409}},
  };
}

TEST(NatsFault, JsonKeepsEverything) {
  std::set<std::size_t> actions;
  for (const NatsFault& fault : examples()) {
    const auto read = nats_fault_from_json(json::parse(to_json(fault).dump()));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, fault) << to_json(fault).dump();
    actions.insert(fault.action.index());
  }
  EXPECT_EQ(actions.size(), std::variant_size_v<NatsAction>) << "each action is among the examples";
}

TEST(NatsFault, JsonHasItsDocumentedShape) {
  EXPECT_EQ(
      to_json(examples()[0]),
      json::parse(R"({"name": "delay", "match": {"kinds": ["ack"], "stream": "ORDERS", "consumer": "work*"},
                            "delay": {"delay_ms": 300, "jitter_ms": 20}})"));
}

TEST(NatsFault, EachMistakeIsNamed) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {R"([])", "a fault must be an object"},
      {R"({"drop": {}})", "fault: name is missing"},
      {R"({"name": "x"})", "fault x: needs an action"},
      {R"({"name": "x", "drop": 5})", "fault x: drop must be an object"},
      {R"({"name": "x", "drop": {"ms": 5}})", "fault x: drop: unknown field ms"},
      {R"({"name": "x", "drop": {}, "hold": {}})", "fault x: fault: unknown field hold"},
      {R"({"name": "x", "match": {"subjects": "a"}, "drop": {}})", "fault x: match: unknown field subjects"},
      {R"({"name": "x", "match": {"kinds": ["akk"]}, "drop": {}})", "fault x: match: unknown kind akk"},
      {R"({"name": "x", "match": {"verbs": ["PUT"]}, "drop": {}})", "fault x: match: unknown verb PUT"},
      {R"({"name": "x", "match": {"subject": "a..b"}, "drop": {}})", "fault x: match: a..b is no subject"},
      {R"({"name": "x", "match": {"direction": "up"}, "drop": {}})",
       "direction must be upstream, downstream or both"},
      {R"({"name": "x", "match": {"connection": 0}, "drop": {}})", "connections are numbered from 1"},
      {R"({"name": "x", "match": {"kinds": ["publish"], "stream": "S"}, "drop": {}})", "match its subject"},
      {R"({"name": "x", "match": {"new_connections": true}, "drop": {}})", "goes with the kind connection"},
      {R"({"name": "x", "match": {"kinds": ["connection"]}, "drop": {}})", "drop needs a frame"},
      {R"({"name": "x", "match": {"kinds": ["connection", "ack"]}, "disconnect": {}})", "stands alone"},
      {R"({"name": "x", "match": {"kinds": ["connection"], "subject": "a"}, "disconnect": {}})",
       "a connection has"},
      {R"({"name": "x", "limit": {"every": 0}, "drop": {}})", "every must be at least 1"},
      {R"({"name": "x", "limit": {"count": 0}, "drop": {}})", "count must be at least 1"},
      {R"({"name": "x", "limit": {"from": 0}, "drop": {}})", "from counts from 1"},
      {R"({"name": "x", "limit": {"probability": 1.5}, "drop": {}})", "probability must be above 0"},
      {R"({"name": "x", "delay": {}})", "delay_ms must be above 0"},
      {R"({"name": "x", "delay": {"delay_ms": -1}})", "delay: delay_ms must be a number of milliseconds"},
      {R"({"name": "x", "duplicate": {"copies": 0}})", "copies must be 1 to 1000"},
      {R"({"name": "x", "say_error": {}})", "say_error: text is missing"},
      {R"({"name": "x", "nak_instead": {}})", "match must name kinds among ack"},
      {R"({"name": "x", "no_responders": {}})", "match must name kinds among publish"},
      {R"({"name": "x", "replace_answer": {"payload": "x"}})", "match must name kinds among pub_ack"},
      {R"({"name": "x", "preset": "ack_dly"})", "fault x: there is no preset ack_dly"},
      {R"({"name": "x", "preset": "ack_delay"})", "fault x: ack_delay: delay_ms is missing"},
      {R"({"name": "x", "preset": "ack_delay", "delay_ms": 5, "strem": "S"})",
       "ack_delay: unknown field strem"},
      {R"({"name": "x", "preset": "publish_drop", "stream": "S"})", "match its subject"},
  };
  for (const auto& [text, expected] : cases) {
    const auto read = nats_fault_from_json(json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message(), HasSubstr(expected)) << text;
  }
}

TEST(NatsFault, DescribesItselfForPeople) {
  EXPECT_EQ(describe(examples()[0]), "delay by 300 ms ± 20 ms: ack of ORDERS/work*");
  EXPECT_EQ(describe(examples()[1]),
            "drop: PUB, HPUB on orders.*.> by x*, from number 3, one of 2, with probability 0.25, at most 7");
}

// What each preset needs besides its name.
json attributes_of(std::string_view preset) {
  if (preset.ends_with("_delay")) return {{"delay_ms", 100}};
  if (preset == "max_payload") return {{"bytes", 100}};
  return json::object();
}

TEST(NatsPresets, EachExpandsToAValidFaultThatJsonKeeps) {
  EXPECT_EQ(nats_presets().size(), 15U);
  for (const NatsPreset& preset : nats_presets()) {
    json attributes = attributes_of(preset.name);
    attributes["client"] = "orders";
    attributes["count"] = 3;
    const auto fault = nats_preset("f", preset.name, attributes);
    ASSERT_TRUE(fault) << preset.name << ": " << fault.error().message();
    EXPECT_EQ(fault->match.client, "orders");
    EXPECT_EQ(fault->limit.count, 3U);
    const auto read = nats_fault_from_json(to_json(*fault));
    ASSERT_TRUE(read) << preset.name << ": " << read.error().message();
    EXPECT_EQ(*read, *fault) << preset.name;
  }
}

TEST(NatsPresets, AreWrittenInOneLine) {
  const auto fault = nats_fault_from_json(json::parse(
      R"({"name": "lag", "preset": "ack_delay", "stream": "ORDERS", "consumer": "worker", "delay_ms": 300})"));
  ASSERT_TRUE(fault) << fault.error().message();
  EXPECT_EQ(describe(*fault), "delay by 300 ms: ack of ORDERS/worker");
}

}  // namespace
}  // namespace squall::fault
