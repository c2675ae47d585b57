#include "client/operation_table.h"

#include <gtest/gtest.h>

namespace squall::client {
namespace {

using namespace std::chrono_literals;

// Time here is made up; only the order matters.
base::Instant at(base::Nanos offset) { return base::Instant{} + offset; }

MessageView answer(std::string_view payload, std::string_view headers = {}) {
  return {.headers = headers, .payload = payload};
}

// Publishes that write down how they ended: "acked 7", "failed no_responders", "unknown timed_out".
class OperationTableTest : public testing::Test {
 protected:
  OperationTable::Token add(base::Nanos deadline, std::uint64_t begins_at = 0) {
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    return table_.add(Connection::PublishCompletion([this, number](const PublishOutcome& outcome) {
                        EXPECT_EQ(ends_[number], "") << "ended twice";
                        ends_[number] = describe(outcome);
                      }),
                      at(deadline), begins_at);
  }

  static std::string describe(const PublishOutcome& outcome) {
    if (const auto* acked = std::get_if<Acknowledged>(&outcome)) {
      return fmt::format("acked {}{}", acked->seq, acked->duplicate ? " again" : "");
    }
    if (const auto* failed = std::get_if<Failed>(&outcome)) {
      return fmt::format("failed {}", name_of(failed->error.kind));
    }
    return fmt::format("unknown {}", name_of(std::get<Unknown>(outcome).error.kind));
  }

  OperationTable table_;
  std::vector<std::string> ends_;
};

TEST_F(OperationTableTest, TheTableOfOutcomes) {
  const auto end_of = [this](const MessageView& reply) {
    EXPECT_TRUE(table_.finish(add(1s), reply));
    return ends_.back();
  };
  EXPECT_EQ(end_of(answer(R"({"stream":"S","seq":7})")), "acked 7");
  EXPECT_EQ(end_of(answer(R"({"stream":"S","seq":7,"duplicate":true})")), "acked 7 again");
  EXPECT_EQ(end_of(answer("", "NATS/1.0 503\r\n\r\n")), "failed no_responders");
  EXPECT_EQ(end_of(answer(R"({"error":{"code":400,"err_code":10071},"stream":"S","seq":0})")),
            "failed refused");
  EXPECT_EQ(end_of(answer(R"({"error":{"code":503,"err_code":10077},"stream":"S","seq":0})")),
            "unknown refused");
  EXPECT_EQ(end_of(answer(R"({"error":{"code":409,"err_code":10158},"stream":"S","seq":0})")),
            "unknown refused");
  EXPECT_EQ(end_of(answer(R"({"stream":"S","seq":0,"duplicate":true})")), "unknown bad_reply");
  EXPECT_EQ(end_of(answer("hello")), "unknown bad_reply");
  EXPECT_EQ(end_of(answer("", "NATS/1.0 408 Request Timeout\r\n\r\n")), "unknown bad_reply");
}

TEST_F(OperationTableTest, AnAnswerAfterTheDeadlineIsForNobody) {
  const auto token = add(1s);
  table_.expire(at(1s));
  EXPECT_EQ(ends_[0], "unknown timed_out");
  EXPECT_FALSE(table_.finish(token, answer(R"({"stream":"S","seq":7})")));
}

TEST_F(OperationTableTest, AnAnswerForAnEarlierUseOfTheSlotIsForNobody) {
  const auto first = add(1s);
  table_.expire(at(1s));
  const auto second = add(5s);
  EXPECT_EQ(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(second)) << "the slot is used anew";
  EXPECT_FALSE(table_.finish(first, answer(R"({"stream":"S","seq":7})")));
  EXPECT_EQ(ends_[1], "");
  EXPECT_TRUE(table_.finish(second, answer(R"({"stream":"S","seq":8})")));
  EXPECT_EQ(ends_[1], "acked 8");
}

TEST_F(OperationTableTest, OnlyWhatIsDueExpires) {
  add(3s);
  add(1s);
  add(2s);
  EXPECT_EQ(table_.earliest(), at(1s));
  table_.expire(at(2s));
  EXPECT_EQ(ends_, (std::vector<std::string>{"", "unknown timed_out", "unknown timed_out"}));
  EXPECT_EQ(table_.earliest(), at(3s));
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(OperationTableTest, ALostConnectionTellsWhatWasSentFromWhatWasNot) {
  add(9s, 0);
  add(9s, 100);
  add(9s, 200);
  table_.fail_all(200, "reset");
  EXPECT_EQ(ends_, (std::vector<std::string>{"unknown connection_lost", "unknown connection_lost",
                                             "failed not_sent"}));
  EXPECT_EQ(table_.size(), 0U);
  EXPECT_EQ(table_.earliest(), std::nullopt);
}

TEST_F(OperationTableTest, ACompletionMayAddOperations) {
  int rounds = 0;
  std::function<void()> again = [&] {
    table_.add(Connection::PublishCompletion([&](const PublishOutcome&) {
                 if (++rounds < 100) again();
               }),
               at(1s), 0);
  };
  again();
  while (table_.size() > 0) table_.expire(at(1s));
  EXPECT_EQ(rounds, 100);
}

TEST_F(OperationTableTest, ARequestGetsItsAnswerAsItIsAnd503AsAnError) {
  std::string got;
  const auto ask = [&] {
    return table_.add(Connection::RequestCompletion([&](const Outcome<MessageView>& reply) {
                        got = reply ? std::string(reply->payload) : reply.error().message();
                      }),
                      at(1s), 0);
  };
  table_.finish(ask(), answer("pong"));
  EXPECT_EQ(got, "pong");
  table_.finish(ask(), answer("", "NATS/1.0 503\r\n\r\n"));
  EXPECT_EQ(got, "no responders (503)");
}

TEST(OperationToken, ReadsBackAndRefusesNoise) {
  for (const OperationTable::Token token :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffffffffffffffff}, std::uint64_t{1} << 32}) {
    char text[OperationTable::kTokenSize];
    OperationTable::write_token(token, text);
    EXPECT_EQ(OperationTable::read_token({text, sizeof text}), token);
  }
  EXPECT_FALSE(OperationTable::read_token("short"));
  EXPECT_FALSE(OperationTable::read_token("0123456789."));
}

}  // namespace
}  // namespace squall::client
