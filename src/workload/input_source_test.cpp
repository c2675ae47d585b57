#include "workload/input_source.h"

#include <gtest/gtest.h>

#include <set>

#include "workload/identity.h"

namespace squall::workload {
namespace {

InputSource source(InputOptions options) {
  if (options.subjects.empty()) options.subjects = {"orders.created"};
  options.key_prefix = "r7-";
  auto made = InputSource::make(std::move(options));
  EXPECT_TRUE(made) << made.error().message();
  return std::move(*made);
}

std::string error(InputOptions options) {
  if (options.subjects.empty()) options.subjects = {"orders.created"};
  const auto made = InputSource::make(std::move(options));
  return made ? "fine" : made.error().message();
}

TEST(InputSource, PutsAFreshIdentityIntoTheUsersOwnSamples) {
  const InputSource inputs =
      source({.samples = {R"({"order_id" : 7, "price": 1.10})", R"({"price":2,"note":"${id}"})"},
              .set = {{"/order_id", "${id}"}},
              .headers = {{"Order", "o-${number}"}}});
  const Input first = inputs.input(0);
  EXPECT_EQ(first.subject, "orders.created");
  EXPECT_EQ(first.key, "r7-0");
  EXPECT_EQ(first.payload, R"({"order_id" : "r7-0", "price": 1.10})");
  EXPECT_EQ(first.headers,
            (std::vector<std::pair<std::string, std::string>>{{"Order", "o-0"}, {"Nats-Msg-Id", "r7-0"}}));
  EXPECT_EQ(inputs.input(1).payload, R"({"price":2,"note":"${id}","order_id":"r7-1"})")
      << "a sample's own text means itself";
  EXPECT_EQ(inputs.input(2).payload, R"({"order_id" : "r7-2", "price": 1.10})");
}

TEST(InputSource, FillsTemplatesAndKeepsNumbersNumbers) {
  const InputSource inputs = source({.templates = {R"({"id":"${id}","at":"${time}","cost":"$${5}"})"},
                                     .set = {{"/n", "${number}"}, {"/text", "no ${number}"}},
                                     .message_id = false,
                                     .started = base::WallInstant(std::chrono::seconds(1'700'000'000))});
  EXPECT_EQ(inputs.input(3).payload,
            R"({"id":"r7-3","at":"2023-11-14T22:13:20.000003Z","cost":"${5}","n":3,"text":"no 3"})");
  EXPECT_TRUE(inputs.input(3).headers.empty());
}

TEST(InputSource, SubjectsComeInTurn) {
  const InputSource inputs = source({.subjects = {"a.8.x", "b.${id}"}});
  std::vector<std::string> subjects;
  subjects.reserve(3);
  for (ledger::OpId id = 0; id < 3; ++id) subjects.push_back(inputs.input(id).subject);
  EXPECT_EQ(subjects, (std::vector<std::string>{"a.8.x", "b.r7-1", "a.8.x"}));
}

TEST(InputSource, KnowsWhichInputsHaveNoEffect) {
  const auto quiet = [](const InputSource& inputs) {
    std::string marks;
    for (ledger::OpId id = 0; id < 6; ++id) marks += inputs.input(id).filtered ? 'q' : '.';
    return marks;
  };
  const std::vector<std::string> subjects = {"a.created", "a.audit"};
  const std::vector<std::string> samples = {R"({"type":"x"})", R"({"type":7})", R"({})"};
  EXPECT_EQ(quiet(source({.subjects = subjects, .samples = samples})), "......");
  EXPECT_EQ(quiet(source({.subjects = subjects, .without_effect = {{.subjects = {"a.audit"}}}})), ".q.q.q");
  EXPECT_EQ(quiet(source({.subjects = subjects,
                          .samples = samples,
                          .without_effect = {{.pointer = "/type", .values = {"x", "7"}}}})),
            "qq.qq.");
  EXPECT_EQ(
      quiet(source({.subjects = subjects,
                    .samples = samples,
                    .without_effect = {{.subjects = {"*.audit"}, .pointer = "/type", .values = {"x"}}}})),
      "...q..");
  // What leaves nothing to judge, or says nothing, is a mistake in the file.
  const auto refused = [](InputOptions options) {
    const auto made = InputSource::make(std::move(options));
    return made ? std::string() : made.error().message();
  };
  EXPECT_EQ(refused({.subjects = subjects, .without_effect = {{.subjects = {">"}}}}),
            "without_effect covers every input: there would be nothing to judge");
  EXPECT_EQ(refused({.subjects = subjects, .without_effect = {{.subjects = {"nowhere"}}}}),
            "without_effect covers no input of this load");
  EXPECT_EQ(refused({.subjects = subjects,
                     .samples = samples,
                     .without_effect = {{.pointer = "/type", .values = {"never"}}}}),
            "without_effect covers no input of this load");
}

TEST(InputSource, PadsToTheSizesAndTheIdentityStaysReadable) {
  const InputSource inputs = source({.sizes = {{256, 256}, {100, 120}, {5, 5}}});
  std::set<std::size_t> drawn;
  for (ledger::OpId id = 0; id < 300; id += 3) {
    const Input fixed = inputs.input(id);
    EXPECT_EQ(fixed.payload.size(), 256U);
    EXPECT_EQ(identity_of({.name = "/id"}, {.subject = "", .headers = "", .payload = fixed.payload}),
              fixed.key);
    drawn.insert(inputs.input(id + 1).payload.size());
    EXPECT_EQ(inputs.input(id + 2).payload, "xxxxx") << "no room for an identity";
  }
  EXPECT_GE(*drawn.begin(), 100U);
  EXPECT_LE(*drawn.rbegin(), 120U);
  EXPECT_GT(drawn.size(), 10U);
}

TEST(InputSource, ARetryIsTheSameMessage) {
  const InputSource inputs = source({.sizes = {{50, 500}}, .seed = 9});
  Input again;
  inputs.make_input(1, again);
  inputs.make_input(77, again);
  EXPECT_EQ(again.payload, inputs.input(77).payload);
  EXPECT_EQ(again.key, "r7-77");
}

TEST(InputSource, SaysWhatDoesNotFit) {
  EXPECT_EQ(error({.templates = {"${who}"}}),
            "template 1: ${who} is not known here; there are ${id}, ${number} and ${time}");
  EXPECT_EQ(error({.templates = {"a", "b ${id"}}), "template 2: no } behind \"${id\"");
  EXPECT_EQ(error({.samples = {"[]"}, .set = {{"/a/b", "x"}}}),
            "sample 1: there is no value at /a/b and no object to put it into");
  EXPECT_EQ(error({.sizes = {{5, 4}}}), "a size from 5 to 4 is no range");
  EXPECT_EQ(InputSource::make({}).error().message(), "there is no subject to publish to");
}

TEST(Samples, AreTheLinesOfTheFile) {
  const auto samples = split_samples("{\"a\":1}\r\n\n  \n[2]\n");
  ASSERT_TRUE(samples);
  EXPECT_EQ(*samples, (std::vector<std::string>{"{\"a\":1}", "[2]"}));
  EXPECT_EQ(split_samples("{}\n{,}\n").error().message(), "line 2 is no JSON");
  EXPECT_EQ(split_samples("\n").error().message(), "there is no sample in it");
}

TEST(Identity, IsFoundInHeadersPayloadAndSubject) {
  const MessageParts message{.subject = "confirmed.r7-5",
                             .headers = "NATS/1.0\r\nOrder: r7-5\r\nEmpty:\r\n\r\n",
                             .payload = R"({"a":{"id":"r7-5"}})"};
  using Kind = IdentityPlace::Kind;
  EXPECT_EQ(identity_of({Kind::kJson, "/a/id"}, message), "r7-5");
  EXPECT_EQ(identity_of({Kind::kHeader, "Order"}, message), "r7-5");
  EXPECT_EQ(identity_of({Kind::kSubjectToken, ""}, message), "r7-5");
  EXPECT_EQ(identity_of({Kind::kJson, "/b"}, message), std::nullopt);
  EXPECT_EQ(identity_of({Kind::kHeader, "Other"}, message), std::nullopt);
  EXPECT_EQ(identity_of({Kind::kHeader, "Empty"}, message), std::nullopt);
}

}  // namespace
}  // namespace squall::workload
