// Measures ways to a nats-server against each other, in turns, and what a proxy costs besides. proxy_bench.sh
// starts what is measured and calls this.
#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api_load.h"
#include "base/clock.h"
#include "echo_load.h"
#include "nats_load.h"
#include "pairs.h"
#include "proxy/frame_cutter.h"

namespace squall::bench {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::size_t kSize = 256;
constexpr std::size_t kWindow = 4096;

struct Way {
  std::string name;
  std::uint16_t port = 0;
};

std::uint16_t port_of(const std::string& text) { return static_cast<std::uint16_t>(std::stoi(text)); }

// In each round every way has its turn, each time beginning with another one; the first round is not counted.
int throughput(const Arguments& arguments) {
  const std::string& kind = arguments.at(0);
  const std::size_t rounds = std::stoul(arguments.at(1));
  std::vector<Way> ways;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    ways.push_back({arguments[i].substr(0, equals), port_of(arguments[i].substr(equals + 1))});
  }
  const auto measure = [&kind](std::uint16_t port) {
    NatsLoad load(port);
    if (kind == "core") return load.core(2'000'000, kSize);
    load.make_stream();
    if (kind == "js_async") return load.asynchronous(100'000, kSize, kWindow);
    return load.synchronous(2'000, kSize);
  };
  std::vector<std::vector<double>> figures(ways.size());
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const std::size_t way = (i + round) % ways.size();
      const double figure = measure(ways[way].port);
      if (round > 0) figures[way].push_back(figure);
    }
  }
  for (std::size_t i = 0; i < ways.size(); ++i) {
    std::string line = fmt::format("{} {} {:.1f}", kind, ways[i].name, median(figures[i]));
    for (std::size_t other = 0; other < ways.size(); ++other) {
      if (other == i) continue;
      const Interval ratio = ratio_of(figures[i], figures[other]);
      line +=
          fmt::format("  /{} {:.3f} ({:.3f}..{:.3f})", ways[other].name, ratio.middle, ratio.low, ratio.high);
      if (kind == "js_sync") {  // what the way adds to the first one, which is the direct one
        line += other == 0 ? fmt::format(" adds {:.1f} us", median(figures[i]) - median(figures[0])) : "";
      }
    }
    std::puts(line.c_str());
  }
  return 0;
}

int idle(const Arguments& arguments) {
  const double each =
      idle_memory(std::stoi(arguments.at(1)), port_of(arguments.at(2)), std::stoul(arguments.at(0)));
  fmt::print("idle {} connections: {:.2f} KiB each\n", arguments.at(0), each);
  return 0;
}

int busy_connections(const Arguments& arguments) {
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 3; i < arguments.size(); ++i) ports.push_back(port_of(arguments[i]));
  const Busy result =
      busy(std::stoi(arguments.at(2)), ports, std::stoul(arguments.at(0)), std::stod(arguments.at(1)));
  fmt::print(
      "busy {} connections, {} links: {:.0f} round trips/s, slowest/median {:.2f}, {:.2f} us of CPU each\n",
      arguments.at(0), ports.size(), result.round_trips_per_second, result.slowest_to_median, result.cpu_us);
  return 0;
}

int api(const Arguments& arguments) {
  const ApiCalls calls = call_under_load(port_of(arguments.at(0)), arguments.at(1), port_of(arguments.at(2)),
                                         std::stod(arguments.at(3)));
  fmt::print(
      "api {:.0f} calls/s under load: removal p50 {:.2f} ms, worst {:.2f} ms; {:.2f} M messages/s without "
      "calls, {:.2f} M with\n",
      calls.per_second, calls.removal_p50_ms, calls.removal_worst_ms, calls.idle_messages_per_second / 1e6,
      calls.messages_per_second / 1e6);
  return 0;
}

// Frames a second of what `parse` takes from a buffer that is read over and over.
double frames_per_second(const std::function<std::size_t(std::string_view)>& parse, std::string_view bytes) {
  const auto began = base::now();
  std::size_t frames = 0;
  while (base::now() - began < std::chrono::seconds{1}) frames += parse(bytes);
  return static_cast<double>(frames) / std::chrono::duration<double>(base::now() - began).count();
}

struct Counting {
  std::size_t frames = 0;
  std::size_t bytes = 0;
  static bool needs_whole() { return false; }
  static bool goes_on() { return true; }
  void run(std::string_view passed) { bytes += passed.size(); }
  static void taken() {}
  bool passes(const wire::Frame&, std::string_view) {
    ++frames;
    return true;
  }
};

int parser(const Arguments&) {
  std::string bytes;
  const std::string frame = fmt::format("PUB bench.core {}\r\n{}\r\n", kSize, std::string(kSize, 'x'));
  while (bytes.size() < 256 * 1024) bytes += frame;  // what the proxy reads at once
  const auto whole = [](std::string_view rest) {
    std::size_t frames = 0;
    wire::Frame parsed;
    while (!rest.empty()) {
      rest.remove_prefix(wire::parse_frame(rest, wire::Sender::kClient, {}, parsed).size);
      ++frames;
    }
    return frames;
  };
  const auto heads = [](std::string_view rest) {
    proxy::FrameCutter cutter(wire::Sender::kClient);
    Counting counting;
    cutter.cut(rest, counting);
    return counting.frames;
  };
  fmt::print("parser, frames of {} B: {:.1f} M/s whole, {:.1f} M/s as a link without faults reads them\n",
             kSize, frames_per_second(whole, bytes) / 1e6, frames_per_second(heads, bytes) / 1e6);
  return 0;
}

int run(const Arguments& arguments) {
  const std::map<std::string, int (*)(const Arguments&)> kinds{{"throughput", throughput},
                                                               {"idle", idle},
                                                               {"busy", busy_connections},
                                                               {"api", api},
                                                               {"parser", parser}};
  if (!arguments.empty() && arguments[0] == "echo") return serve_echo();
  const auto kind = arguments.empty() ? kinds.end() : kinds.find(arguments[0]);
  if (kind == kinds.end()) {
    std::fputs(
        "usage: proxy_bench throughput core|js_async|js_sync ROUNDS NAME=PORT...\n"
        "       proxy_bench idle CONNECTIONS PID PORT | busy CONNECTIONS SECONDS PID PORT...\n"
        "       proxy_bench api API_PORT LINK LINK_PORT SECONDS | parser | echo\n",
        stderr);
    return 2;
  }
  return kind->second({arguments.begin() + 1, arguments.end()});
}

}  // namespace
}  // namespace squall::bench

int main(int argc, char** argv) { return squall::bench::run({argv + 1, argv + argc}); }
