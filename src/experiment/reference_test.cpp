#include "experiment/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "experiment/parse.h"

namespace squall::experiment {
namespace {

using ::testing::HasSubstr;

// An item of `faults` in a whole file.
Parsed with_fault(std::string item) {
  for (std::size_t at = item.find('\n'); at != std::string::npos; at = item.find('\n', at + 3)) {
    item.replace(at, 1, "\n  ");
  }
  return parse_experiment(
      "squall: 1\nname: x\nnats: {start: 1, streams: {ORDERS: {subjects: [in]}, CONFIRMED: {subjects: "
      "[out]}}, "
      "consumers: {ORDERS/worker: {}}}\nprocesses: {orders: {command: [./svc]}}\n"
      "workload: {publish: in, payload: {text: '${id}'}, effect: {subject: out, match: {header: Id}}}\n"
      "expect: {}\nfaults:\n  " +
          item + "\n",
      "x.yaml", {});
}

TEST(Reference, TheExampleOfEachKindIsValidAndIsThatKind) {
  for (const fault::KindDoc& kind : fault::fault_kinds()) {
    const Parsed parsed = with_fault(kind.example);
    ASSERT_EQ(to_text(parsed.mistakes), "") << kind.name;
    EXPECT_EQ(fault::kind_of(parsed.experiment.faults.at(0).action), kind.name);
  }
}

TEST(Reference, WhatAnExampleBecomesIsReadBackFromItsJson) {
  for (const fault::KindDoc& kind : fault::fault_kinds()) {
    const Parsed parsed = with_fault(kind.example);
    ASSERT_TRUE(parsed.ok());
    const fault::Fault made{.name = "f", .action = parsed.experiment.faults[0].action, .at = {}};
    const auto read = fault::fault_from_json(to_json(made));
    ASSERT_TRUE(read) << kind.name << ": " << read.error().message();
    EXPECT_EQ(*read, made) << kind.name;
  }
}

TEST(Reference, EachKindCanBeExplained) {
  for (const fault::KindDoc& kind : fault::fault_kinds()) {
    EXPECT_THAT(explain(kind), HasSubstr(kind.example));
    EXPECT_FALSE(kind.summary.empty() || kind.happens.empty() || kind.effect.empty() || kind.heal.empty())
        << kind.name;
    EXPECT_THAT(list_of_kinds(), HasSubstr(kind.summary));
  }
}

TEST(Reference, TheSchemaHasEveryFieldAndRefusesOthers) {
  const nlohmann::json schema = experiment_schema();
  for (const FieldEntry& entry : experiment_doc().fields) {
    EXPECT_TRUE(schema["properties"].contains(entry.text.name)) << entry.text.name;
  }
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_TRUE(schema["properties"]["workload"]["properties"].contains("rate"));
}

TEST(Reference, ThePageIsWhatTheParserSays) {
  const std::string path = std::string(SQUALL_SOURCE_DIR) + "/docs/experiment-reference.md";
  if (std::getenv("SQUALL_APPROVE") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(path, std::ios::binary) << reference_page();
    return;
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  EXPECT_EQ(text.str(), reference_page()) << "if this change is wanted: tests/golden/approve.sh";
}

}  // namespace
}  // namespace squall::experiment
