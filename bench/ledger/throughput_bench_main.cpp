// One measurement of the workload with its ledger on, in memory and on disk: sends so many inputs, or reads
// as many back as effects, and prints what it took as one JSON line. throughput.sh runs it in turns with its
// peers.
//   throughput_bench PORT MODE COUNT SIZE LEDGER_FILE
//   MODE: js-sync, js-async, core: publishes to `bench`; js-read: reads what the stream BENCH holds, after it
//   has published it unmeasured
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "measured.h"
#include "workload/workload.h"

namespace {

using namespace squall;
using namespace std::chrono_literals;

struct Arguments {
  std::uint16_t port = 0;
  std::string mode;
  std::uint64_t count = 0;
  std::size_t size = 0;
  std::string file;

  client::Access access() const { return {.servers = {{.host = "127.0.0.1", .port = port}}, .options = {}}; }
};

class LedgerFile {
 public:
  explicit LedgerFile(const std::string& path) : file_(path, std::ios::binary) {}

  ledger::Sink sink() {
    return [this](std::string_view written) -> base::Result<void> {
      bytes_ += written.size();
      file_.write(written.data(), static_cast<std::streamsize>(written.size()));
      return {};
    };
  }
  std::string as_field() const { return fmt::format(R"(,"ledger_bytes":{})", bytes_); }

 private:
  std::ofstream file_;
  std::uint64_t bytes_ = 0;
};

[[noreturn]] void die(std::string_view why) {
  std::cerr << "throughput_bench: " << why << "\n";
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread of ours
}

workload::WorkloadOptions options_for(const Arguments& arguments, LedgerFile& file) {
  auto source = workload::InputSource::make({.subjects = {"bench"},
                                             .sizes = {{arguments.size, arguments.size}},
                                             .message_id = false,
                                             .key_prefix = "b"});
  workload::WorkloadOptions options;
  options.nats = arguments.access();
  options.load.unpaced = true;
  options.load.in_flight = arguments.mode == "js-sync" ? 1 : 4096;
  if (arguments.mode == "core") options.load.transport = workload::Transport::kCore;
  options.load.inputs = arguments.count;
  options.load.make_input = [made = *source](ledger::OpId id, workload::Input& input) {
    made.make_input(id, input);
  };
  options.effects = {{.stage = "none", .how = workload::ReplyEffects{}}};  // nothing reads any
  options.key_prefix = "b";
  options.ledger_sink = file.sink();
  return options;
}

std::string publish(const Arguments& arguments) {
  LedgerFile file(arguments.file);
  workload::Workload load(options_for(arguments, file));
  const bench::Measured measured;
  load.start();
  const base::Instant gives_up_at = base::now() + 120s;
  const auto ended = [&] {
    const auto counts = load.progress().counts;
    return counts.ok + counts.failed + counts.unknown >= arguments.count;
  };
  while (!ended() && base::now() < gives_up_at) std::this_thread::sleep_for(1ms);
  load.stop_load();  // returns when the server has them all
  std::string line = measured.line(arguments.mode, arguments.count, file.as_field());
  const auto counts = load.progress().counts;
  // A core publish is never acknowledged: it must have left, and nobody knows more.
  const std::uint64_t sent = arguments.mode == "core" ? counts.unknown : counts.ok;
  if (sent < arguments.count) die(fmt::format("{} of {} were sent and answered", sent, arguments.count));
  return line;
}

// The reader of a workload alone, on a ledger that knows every input.
std::string read_back(const Arguments& arguments) {
  publish(arguments);
  LedgerFile file(arguments.file);
  base::ControlThread thread("effects");
  workload::Recorder recorder({.stages = {"stored"}, .key_prefix = "b", .anchor = base::WallAnchor::take()},
                              file.sink());
  for (ledger::OpId id = 0; id < arguments.count; ++id) {
    recorder.record(ledger::Attempt{.id = id, .key = fmt::format("b{}", id), .at = base::now()});
    recorder.record(ledger::Outcome{.id = id, .how = ledger::Acknowledged{id + 1, false}, .at = base::now()});
  }
  workload::Dialer dialer(thread.io(), arguments.access());
  workload::StoredEffectsReader reader({.stream = "BENCH", .match = {.name = "/id"}}, 0, dialer, recorder);
  const bench::Measured measured;
  auto tasks = thread.call([&] {
    auto group = std::make_unique<base::TaskGroup>(thread.io().get_executor());
    group->spawn("effects", reader.read(10ms));
    return group;
  });
  const base::Instant gives_up_at = base::now() + 120s;
  const auto done = [&] {
    return thread.call([&] { return recorder.progress().counts.effects.front() >= arguments.count; });
  };
  while (!done() && base::now() < gives_up_at) std::this_thread::sleep_for(1ms);
  std::string line = measured.line(arguments.mode, arguments.count, file.as_field());
  if (!done()) die("not every effect was read");
  thread.call([&] { tasks->cancel(); });
  (void)thread.run(tasks->join(base::now() + 2s));
  thread.run(reader.leave(base::now() + 500ms));
  thread.call([&] { tasks.reset(); });
  return line;
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
  std::cout << (arguments.mode == "js-read" ? read_back(arguments) : publish(arguments)) << "\n";
}
