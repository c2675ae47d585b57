#include "nats_load.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pairs.h"

namespace squall::bench {
namespace {

std::array<char, 256 * 1024> room;  // one thread

double seconds_since(base::Instant began) {
  return std::chrono::duration<double>(base::now() - began).count();
}

std::string repeated(const std::string& frame, std::size_t least) {
  std::string block;
  while (block.size() < least) block += frame;
  return block;
}

std::string js_publish(std::size_t size) {
  return fmt::format("PUB bench.js _INBOX.bench {}\r\n{}\r\n", size, std::string(size, 'x'));
}

}  // namespace

NatsLoad::NatsLoad(std::uint16_t port) : socket_(port) {
  while (socket_.receive(room).find('\n') == std::string_view::npos) {
  }
  socket_.send("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB _INBOX.bench 1\r\n");
  round_trip();
}

void NatsLoad::round_trip() {
  socket_.send("PING\r\n");
  while (socket_.receive(room).find("PONG") == std::string_view::npos) {
  }
}

void NatsLoad::make_stream() {
  const std::string stream =
      R"({"name":"BENCH","subjects":["bench.js"],"storage":"memory","retention":"limits","max_msgs":200000,"num_replicas":1})";
  ask("$JS.API.STREAM.CREATE.BENCH", stream);
  ask("$JS.API.STREAM.PURGE.BENCH", "");
}

void NatsLoad::ask(std::string_view subject, std::string_view body) {
  socket_.send(fmt::format("PUB {} _INBOX.bench {}\r\n{}\r\n", subject, body.size(), body));
  std::string answer;
  while (!answer.ends_with("}\r\n")) answer += socket_.receive(room);
  if (answer.find("\"error\"") != answer.npos) {
    std::fprintf(stderr, "%s\n", answer.c_str());
    std::exit(1);
  }
}

double NatsLoad::core(std::size_t count, std::size_t size) {
  const std::string frame = fmt::format("PUB bench.core {}\r\n{}\r\n", size, std::string(size, 'x'));
  const std::string block = repeated(frame, 256 * 1024);
  const std::size_t per_block = block.size() / frame.size();
  const auto began = base::now();
  std::size_t sent = 0;
  for (; sent < count; sent += per_block) socket_.send(block);
  round_trip();
  return static_cast<double>(sent) / seconds_since(began);
}

std::size_t NatsLoad::acks() {
  const std::string_view bytes = socket_.receive(room);
  if (bytes.find("\"error\"") != std::string_view::npos) {
    std::fwrite(bytes.data(), 1, std::min<std::size_t>(bytes.size(), 500), stderr);
    std::exit(1);
  }
  return static_cast<std::size_t>(std::ranges::count(bytes, '{'));
}

double NatsLoad::asynchronous(std::size_t count, std::size_t size, std::size_t window) {
  const std::string frame = js_publish(size);
  const std::string block = repeated(frame, 64 * 1024);
  std::size_t offset = 0;  // in the block: a frame may be half sent
  std::size_t started = 0;
  std::size_t acked = 0;
  const auto began = base::now();
  while (acked < count) {
    const std::size_t wanted = std::min(window - (started - acked), count - started);
    const std::size_t half = offset % frame.size() == 0 ? 0 : frame.size() - offset % frame.size();
    const std::size_t bytes = std::min(half + wanted * frame.size(), block.size() - offset);
    if (bytes > 0) {
      const ssize_t sent = ::send(socket_.fd(), block.data() + offset, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) give_up("send");
      if (sent > 0) {
        const std::size_t before = (offset + frame.size() - 1) / frame.size();
        offset += static_cast<std::size_t>(sent);
        started += (offset + frame.size() - 1) / frame.size() - before;
        if (offset == block.size()) offset = 0;
      }
    }
    pollfd ready{socket_.fd(), POLLIN, 0};
    const bool may_send = started - acked < window && started < count;
    if (may_send) ready.events |= POLLOUT;
    if (::poll(&ready, 1, 10'000) <= 0) give_up("no PubAck for 10 s");
    if ((ready.revents & POLLIN) != 0) acked += acks();
  }
  return static_cast<double>(count) / seconds_since(began);
}

double NatsLoad::synchronous(std::size_t count, std::size_t size) {
  const std::string frame = js_publish(size);
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    const auto began = base::now();
    socket_.send(frame);
    while (acks() == 0) {
    }
    times.push_back(seconds_since(began) * 1e6);
  }
  return median(std::move(times));
}

}  // namespace squall::bench
