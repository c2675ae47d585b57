// One measurement of the workload with its ledger on, in memory and on disk: sends so many inputs, and prints
// what it took as one JSON line. throughput.sh runs it in turns with `nats bench`.
//   throughput_bench PORT MODE COUNT SIZE LEDGER_FILE
//   MODE: js-sync, js-async, core; js-read: js-async, with each stored message read back as an effect
//   meanwhile
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "workload/workload.h"

namespace {

using namespace squall;
using namespace std::chrono_literals;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Arguments {
  std::uint16_t port = 0;
  std::string mode;
  std::uint64_t count = 0;
  std::size_t size = 0;
  std::string file;
};

workload::WorkloadOptions options_for(const Arguments& arguments, std::ofstream& file, std::uint64_t& bytes) {
  auto source = workload::InputSource::make({.subjects = {"bench"},
                                             .sizes = {{arguments.size, arguments.size}},
                                             .message_id = false,
                                             .key_prefix = "b"});
  workload::WorkloadOptions options;
  options.nats = {.servers = {{.host = "127.0.0.1", .port = arguments.port}}, .options = {}};
  options.load.unpaced = true;
  options.load.in_flight = arguments.mode == "js-sync" ? 1 : 4096;
  if (arguments.mode == "core") options.load.transport = workload::Transport::kCore;
  options.load.inputs = arguments.count;
  options.load.make_input = [made = *source](ledger::OpId id, workload::Input& input) {
    made.make_input(id, input);
  };
  workload::StoredEffects effects{.stream = arguments.mode == "js-read" ? "BENCH" : "ELSEWHERE",
                                  .match = {.name = "/id"}};
  options.effects = {{.stage = "stored", .how = effects}};
  options.key_prefix = "b";
  options.ledger_sink = [&](std::string_view written) -> base::Result<void> {
    bytes += written.size();
    file.write(written.data(), static_cast<std::streamsize>(written.size()));
    return {};
  };
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: throughput_bench PORT MODE COUNT SIZE LEDGER_FILE\n";
    return 2;
  }
  const Arguments arguments{.port = static_cast<std::uint16_t>(std::stoi(argv[1])),
                            .mode = argv[2],
                            .count = std::stoull(argv[3]),
                            .size = std::stoull(argv[4]),
                            .file = argv[5]};
  std::ofstream file(arguments.file, std::ios::binary);
  std::uint64_t bytes = 0;
  workload::Workload load(options_for(arguments, file, bytes));
  const bool reads = arguments.mode == "js-read";
  const double cpu_before = cpu_seconds();
  const base::Instant began = base::now();
  load.start();
  const auto done = [&] {
    const auto counts = load.progress().counts;
    const bool ended = counts.ok + counts.failed + counts.unknown >= arguments.count;
    return ended && (!reads || counts.effects.front() >= arguments.count);
  };
  while (!done() && base::now() < began + 120s) std::this_thread::sleep_for(1ms);
  const double seconds = std::chrono::duration<double>(base::now() - began).count();
  const double cpu = cpu_seconds() - cpu_before;
  const auto counts = load.progress().counts;
  load.stop_load();
  if (counts.failed > 0) {
    std::cerr << "throughput_bench: " << counts.failed << " inputs failed\n";
    return 1;
  }
  std::cout << fmt::format(R"({{"mode":"{}","per_second":{:.0f},"seconds":{:.3f},"cpu_seconds":{:.3f},)"
                           R"("ledger_bytes":{}}})",
                           arguments.mode, static_cast<double>(arguments.count) / seconds, seconds, cpu,
                           bytes)
            << "\n";
}
