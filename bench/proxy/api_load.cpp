#include "api_load.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "blocking_socket.h"
#include "nats_load.h"
#include "pairs.h"

namespace squall::bench {
namespace {

constexpr std::size_t kMessages = 500'000;
constexpr std::size_t kSize = 256;

double ms_since(base::Instant began) {
  return std::chrono::duration<double, std::milli>(base::now() - began).count();
}

// One connection that is kept.
class ApiClient {
 public:
  explicit ApiClient(std::uint16_t port) : socket_(port) {}

  // Ends the program unless the status is this.
  void call(std::string_view method, const std::string& path, std::string_view body,
            std::string_view status) {
    socket_.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", method,
                             path, body.size(), body));
    std::string answer;
    std::size_t head = std::string::npos;
    while (head == std::string::npos || answer.size() < head + 4 + body_size(answer)) {
      answer += socket_.receive(room_);
      head = answer.find("\r\n\r\n");
    }
    if (answer.substr(9, 3) != status) {
      std::fprintf(stderr, "%s\n", answer.c_str());
      std::exit(1);
    }
  }

 private:
  static std::size_t body_size(const std::string& answer) {
    const std::size_t at = answer.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(answer.substr(at + 16));
  }

  BlockingSocket socket_;
  std::array<char, 16 * 1024> room_{};
};

}  // namespace

ApiCalls call_under_load(std::uint16_t api, const std::string& link, std::uint16_t link_port,
                         double seconds) {
  std::atomic<bool> ends = false;
  std::vector<double> rates;
  NatsLoad load(link_port);
  ApiCalls result{.idle_messages_per_second = load.core(kMessages, kSize)};
  std::thread loading([&] {
    while (!ends) rates.push_back(load.core(kMessages, kSize));
  });
  ApiClient client(api);
  const std::string toxics = fmt::format("/proxies/{}/toxics", link);
  std::vector<double> removals;
  const auto began = base::now();
  auto next = began;
  while (ms_since(began) < seconds * 1000) {
    client.call("POST", toxics, R"({"name":"x","type":"latency","attributes":{"latency":1}})", "200");
    next += std::chrono::milliseconds{1};
    std::this_thread::sleep_until(next);
    const auto removes = base::now();
    client.call("DELETE", toxics + "/x", "", "204");
    removals.push_back(ms_since(removes));
    next += std::chrono::milliseconds{1};
    std::this_thread::sleep_until(next);
  }
  result.per_second = 2 * static_cast<double>(removals.size()) / ms_since(began) * 1000;
  ends = true;
  loading.join();
  result.removal_p50_ms = median(removals);
  result.removal_worst_ms = *std::ranges::max_element(removals);
  result.messages_per_second = median(rates);
  return result;
}

}  // namespace squall::bench
