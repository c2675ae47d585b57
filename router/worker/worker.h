// The stand-in for whoever does the router's work: takes assignments, waits as long as the work would take,
// publishes a result, and acks the assignment only after the result's PubAck. Many at a time, on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "router/nats/event_loop.h"
#include "router/nats/js_topology.h"
#include "router/nats/nats_session.h"
#include "router/nats/pull_consumer.h"
#include "router/nats/request_mux.h"
#include "router/nats/stream_publisher.h"
#include "router/observe/log.h"

namespace router::worker {

struct WorkerOptions {
  std::vector<std::string> nats_urls{"nats://127.0.0.1:4222"};
  std::chrono::nanoseconds work_time = std::chrono::milliseconds(20);
  std::chrono::nanoseconds ack_wait = std::chrono::seconds(30);
  int concurrency = 256;
  int fail_every = 0;  // every n-th job ends with status error; 0: none
  std::string stream = "ROUTER_ASSIGN";
  std::string durable = "router-worker";
  std::string assignments = "router.v1.assign.>";
  std::string results = "router.v1.result";
};

// Thread: the one that calls run(), but for stop(). Lifetime: the log outlives it.
class Worker {
 public:
  Worker(WorkerOptions options, const observe::Log& log);

  // Until stop(), then finishes what is in hand, within 5 s.
  void run();
  // Thread: any.
  void stop();

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  void begin(nats::PulledMessage pulled);
  void finish(const JobPtr& job);
  void result_published(const JobPtr& job, const nats::PublishOutcome& outcome);
  void ack(const JobPtr& job);
  void nak(const JobPtr& job);
  void connected();
  void report(const nats::SessionReport& now);
  void drain();

  const WorkerOptions options_;
  const observe::Log& log_;
  nats::EventLoop loop_;
  nats::Session session_;
  nats::RequestMux requests_;
  nats::StreamPublisher publisher_;
  nats::TopologyKeeper topology_;
  nats::PullConsumer consumer_;
  std::vector<JobPtr> parked_;  // finished, and could not be told for lack of a connection
  std::uint64_t begun_ = 0;
  bool was_connected_ = false;
};

}  // namespace router::worker
