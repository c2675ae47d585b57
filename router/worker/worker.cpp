#include "router/worker/worker.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "router/nats/hang_watchdog.h"
#include "router/worker/job.h"

namespace router::worker {
namespace {

using namespace std::chrono_literals;
using Kind = nats::PublishOutcome::Kind;

constexpr auto kPublishTimeout = 2s;
constexpr auto kRetryAfter = 1s;
constexpr auto kDrainDeadline = 4s;
// When libnats hangs; whoever started the worker starts another one.
constexpr int kExitHung = 75;

}  // namespace

struct Worker::Job {
  nats::PulledMessage pulled;
  bool success = true;
};

Worker::Worker(WorkerOptions options, const observe::Log& log)
    : options_(std::move(options)),
      log_(log),
      session_(loop_, {.urls = options_.nats_urls, .name = "router-worker"}),
      requests_(loop_, session_),
      publisher_(requests_, kPublishTimeout),
      topology_(loop_, requests_,
                {.consumers = {{.stream = options_.stream,
                                .durable = options_.durable,
                                .filter_subject = options_.assignments,
                                .ack_wait = options_.ack_wait,
                                .max_ack_pending = std::max(1000, 4 * options_.concurrency)}}}),
      consumer_(loop_, session_,
                {.stream = options_.stream, .durable = options_.durable, .window = options_.concurrency},
                [this](nats::PulledMessage pulled) { begin(std::move(pulled)); }) {
  session_.on_report([this](const nats::SessionReport& now) { report(now); });
  session_.on_connected([this] { connected(); });
  topology_.on_ready([this] { consumer_.start(); });
  topology_.on_obstacle([this](const std::string& what, const std::string& why) {
    log_.warning("JETSTREAM_NOT_READY", "waiting for JetStream", {{"what", what}, {"reason", why}});
  });
  consumer_.on_trouble([this](nats::PullTrouble) {
    log_.warning("CONSUMER_SILENT", "pulling again");
    topology_.ensure();
  });
}

void Worker::run() {
  const nats::HangWatchdog watchdog(loop_, session_, {}, [this](const char* what) {
    log_.error("WORKER_HUNG", "hung, exiting to be replaced", {{"what", what}});
    _exit(kExitHung);
  });
  session_.start();
  loop_.run();
}

void Worker::stop() {
  loop_.post([this] { drain(); });
}

void Worker::begin(nats::PulledMessage pulled) {
  auto job = std::make_shared<Job>(std::move(pulled));
  ++begun_;
  job->success = options_.fail_every == 0 || begun_ % static_cast<std::uint64_t>(options_.fail_every) != 0;
  if (const auto tell_every = options_.ack_wait / 3; options_.work_time > tell_every) {
    for (auto at = tell_every; at < options_.work_time; at += tell_every) {
      loop_.after(at, [this, job] { consumer_.progress(job->pulled); });
    }
  }
  loop_.after(options_.work_time, [this, job] { finish(job); });
}

void Worker::finish(const JobPtr& job) {
  const auto finished =
      finish_job(job->pulled.message.payload, {.success = job->success, .took = options_.work_time});
  if (!finished) {
    log_.warning("BAD_ASSIGNMENT", "not an assignment, ignored", {{"reason", finished.error().message()}});
    ack(job);
    return;
  }
  publisher_.publish(
      {.subject = options_.results, .payload = finished->result, .message_id = finished->assignment_id},
      [this, job](const nats::PublishOutcome& outcome) { result_published(job, outcome); });
}

void Worker::result_published(const JobPtr& job, const nats::PublishOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::stored:
    case Kind::exists:
      ack(job);
      return;
    case Kind::disconnected:
      parked_.push_back(job);
      return;
    case Kind::refused:
    case Kind::unknown:
    case Kind::impossible:
      log_.warning("RESULT_NOT_STORED", "the result could not be stored", {{"reason", outcome.text}});
      nak(job);
      return;
  }
}

void Worker::ack(const JobPtr& job) {
  if (!consumer_.ack(job->pulled)) parked_.push_back(job);
}

void Worker::nak(const JobPtr& job) {
  if (!consumer_.nak(job->pulled, kRetryAfter)) parked_.push_back(job);
}

void Worker::connected() {
  for (const auto& job : std::exchange(parked_, {})) finish(job);
  topology_.ensure();
}

void Worker::report(const nats::SessionReport& now) {
  using enum nats::ConnectionState;
  if (now.state == connected) {
    log_.info(
        std::exchange(was_connected_, true) ? "NATS connection restored" : "NATS connected",
        {{"server", now.server}, {"outage_ms", squall::base::to_ms(now.outage)}, {"attempts", now.attempts}});
  } else if (now.state == reconnecting && now.attempts == 0) {
    log_.warning("NATS_CONNECTION_LOST", "NATS connection lost", {{"reason", now.reason}});
  } else {
    log_.warning("NATS_UNREACHABLE", "NATS cannot be reached, trying on", {{"reason", now.reason}});
  }
}

void Worker::drain() {
  log_.info("draining", {{"in_hand", consumer_.unfinished()}});
  loop_.after(kDrainDeadline, [this] { loop_.quit(); });
  auto dry = std::make_shared<bool>(false);
  consumer_.drain([dry] { *dry = true; });
  loop_.every(2ms, [this, dry] {
    if (session_.connected() && !(*dry && consumer_.unfinished() == 0)) return;
    session_.flush(300ms);
    log_.info("drained", {{"left", consumer_.unfinished()}});
    loop_.quit();
  });
}

}  // namespace router::worker
