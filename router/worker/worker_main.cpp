// router-worker: see worker.h. SIGTERM and SIGINT drain and exit 0; exit code 2 is a wrong command line.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <stop_token>
#include <string>
#include <thread>

#include "router/config/scalars.h"
#include "router/worker/worker.h"

namespace {

// For the options that are durations, as in "20ms".
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::nanoseconds& value,
                          const std::string& text) {
  return app.add_option_function<std::string>(
      name,
      [&value, name](const std::string& given) {
        const auto duration = router::config::parse_duration(given);
        if (!duration) throw CLI::ValidationError(name, "is no duration like 20ms or 1.5s: " + given);
        value = *duration;
      },
      text);
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

int main(int argc, char** argv) {
  router::worker::WorkerOptions options;
  std::string log_path;
  CLI::App app("Stand-in worker: takes assignments, publishes results, acks after the PubAck",
               "router-worker");
  app.add_option("--nats-url", options.nats_urls, "NATS server, may be repeated")->envname("NATS_URL");
  add_duration(app, "--work-time", options.work_time, "how long a job takes (20ms)");
  add_duration(app, "--ack-wait", options.ack_wait, "of its durable, if it has to be created (30s)");
  app.add_option("--concurrency", options.concurrency, "jobs at a time (256)")->check(CLI::Range(1, 100'000));
  app.add_option("--fail-every", options.fail_every, "every n-th job fails (0: none)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--stream", options.stream, "stream of the assignments (ROUTER_ASSIGN)");
  app.add_option("--durable", options.durable, "its consumer (router-worker)");
  app.add_option("--assignments", options.assignments, "their subjects (router.v1.assign.>)");
  app.add_option("--results", options.results, "subject of the results (router.v1.result)");
  app.add_option("--log", log_path, "log file (stderr)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto log = router::observe::Log::open({.path = log_path, .role = "worker"});
  if (!log) {
    std::fprintf(stderr, "router-worker: %s\n", log.error().message().c_str());
    return 2;
  }
  // Before any thread exists, so that none of them gets the signal.
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  router::worker::Worker worker(options, *log);
  const std::jthread waiter([&worker, &signals](const std::stop_token& stop) {
    const timespec tick{.tv_sec = 0, .tv_nsec = 50'000'000};
    while (!stop.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &tick) > 0) worker.stop();
    }
  });
  log->info("started");
  worker.run();
  return 0;
}
