// What a flow needs of NATS, as a seam: NatsBroker is the real one, tests put a scripted one in its place.
#pragma once

#include <string>
#include <string_view>

#include "router/nats/pull_consumer.h"
#include "router/nats/stored_message.h"
#include "router/nats/stream_publisher.h"

namespace router::roles {

// Thread: the loop's. Callbacks run there, later than the call that got them, and exactly once.
class Broker {
 public:
  virtual ~Broker() = default;

  virtual bool connected() const = 0;
  virtual void publish(const nats::Publication& publication, nats::StreamPublisher::Done done) = 0;
  virtual void read_last(const std::string& stream, const std::string& subject,
                         std::move_only_function<void(nats::StoredAnswer)> done) = 0;
  // Core publish. False: it could not be handed to the broker.
  virtual bool send(const std::string& subject, std::string_view payload) = 0;

  // As in PullConsumer.
  virtual bool ack(const nats::PulledMessage& pulled) = 0;
  virtual bool nak(const nats::PulledMessage& pulled, squall::base::Nanos delay) = 0;
  virtual bool progress(const nats::PulledMessage& pulled) = 0;
};

class NatsBroker final : public Broker {
 public:
  NatsBroker(nats::Session& session, nats::RequestMux& requests, squall::base::Nanos timeout,
             nats::PullConsumer& consumer)
      : session_(session),
        requests_(requests),
        publisher_(requests, timeout),
        timeout_(timeout),
        consumer_(consumer) {}

  bool connected() const override { return session_.connected(); }
  void publish(const nats::Publication& publication, nats::StreamPublisher::Done done) override {
    publisher_.publish(publication, std::move(done));
  }
  void read_last(const std::string& stream, const std::string& subject,
                 std::move_only_function<void(nats::StoredAnswer)> done) override {
    nats::read_last_of_subject(requests_, stream, subject, timeout_, std::move(done));
  }
  bool send(const std::string& subject, std::string_view payload) override {
    return session_.publish(subject, payload) == nats::Sent::ok;
  }
  bool ack(const nats::PulledMessage& pulled) override { return consumer_.ack(pulled); }
  bool nak(const nats::PulledMessage& pulled, squall::base::Nanos delay) override {
    return consumer_.nak(pulled, delay);
  }
  bool progress(const nats::PulledMessage& pulled) override { return consumer_.progress(pulled); }

 private:
  nats::Session& session_;
  nats::RequestMux& requests_;
  nats::StreamPublisher publisher_;
  squall::base::Nanos timeout_;
  nats::PullConsumer& consumer_;
};

}  // namespace router::roles
