// A broker for tests of flows: it notes what is done and answers when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "router/roles/broker.h"

namespace router::roles {

class ScriptedBroker final : public Broker {
 public:
  using Kind = nats::PublishOutcome::Kind;

  bool connected() const override { return is_connected; }
  void publish(const nats::Publication& publication, nats::StreamPublisher::Done done) override {
    events.push_back("publish " + publication.subject);
    published.push_back(publication);
    waiting.push_back(std::move(done));
  }
  void read_last(const std::string& stream, const std::string& subject,
                 std::move_only_function<void(nats::StoredAnswer)> done) override {
    events.push_back("read " + stream + " " + subject);
    reads.push_back(std::move(done));
  }
  bool send(const std::string& subject, std::string_view payload) override {
    if (!is_connected) return false;
    events.push_back("send " + subject);
    sent.emplace_back(subject, payload);
    return true;
  }
  bool ack(const nats::PulledMessage&) override { return say("ack"); }
  bool nak(const nats::PulledMessage&, squall::base::Nanos delay) override {
    return say("nak " + squall::base::format_duration(delay));
  }
  bool progress(const nats::PulledMessage&) override { return say("progress"); }

  // Answers the oldest publish.
  void answer(Kind kind, std::string text = "") {
    ASSERT_FALSE(waiting.empty()) << "nothing was published";
    auto done = std::move(waiting.front());
    waiting.pop_front();
    done({.kind = kind, .sequence = 1, .text = std::move(text)});
  }
  void answer_read(nats::StoredAnswer answer) {
    ASSERT_FALSE(reads.empty()) << "nothing was read";
    auto done = std::move(reads.front());
    reads.pop_front();
    done(std::move(answer));
  }

  bool is_connected = true;
  std::vector<std::string> events;
  std::vector<nats::Publication> published;
  std::vector<std::pair<std::string, std::string>> sent;
  std::deque<nats::StreamPublisher::Done> waiting;
  std::deque<std::move_only_function<void(nats::StoredAnswer)>> reads;

 private:
  bool say(std::string what) {
    if (!is_connected) return false;
    events.push_back(std::move(what));
    return true;
  }
};

}  // namespace router::roles
