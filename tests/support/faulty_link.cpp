#include "support/faulty_link.h"

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "base/task_group.h"
#include "wire/frame_parser.h"

namespace squall::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using proxy::NatsConnection;
using wire::Sender;

// One connection through the link; ends when either side does.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(tcp::socket client, tcp::socket server, proxy::NatsLink& link, std::uint64_t number)
      : client_(std::move(client)),
        server_(std::move(server)),
        wakes_(client_.get_executor()),
        connection_(link, number, [this] { wakes_.cancel(); }) {
    client_.set_option(tcp::no_delay(true));
    server_.set_option(tcp::no_delay(true));
  }

  void start(base::TaskGroup& tasks) {
    tasks.spawn("upstream", pump(shared_from_this(), Sender::kClient));
    tasks.spawn("downstream", pump(shared_from_this(), Sender::kServer));
    tasks.spawn("clock", clock(shared_from_this()));
  }

 private:
  tcp::socket& from(Sender sender) { return sender == Sender::kClient ? client_ : server_; }
  tcp::socket& to(Sender sender) { return sender == Sender::kClient ? server_ : client_; }

  static asio::awaitable<void> pump(std::shared_ptr<Relay> self, Sender sender) {
    wire::FrameBuffer buffer(sender);
    boost::system::error_code error;
    while (!error && !self->ended_) {
      if (!self->connection_.reads(sender)) {
        asio::steady_timer pause(self->client_.get_executor(), std::chrono::milliseconds{1});
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      const std::span<char> room = buffer.prepare();
      const std::size_t size = co_await self->from(sender).async_read_some(
          asio::buffer(room.data(), room.size()), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      buffer.commit(size);
      std::string passing;
      wire::Frame frame;
      while (buffer.next(frame) == wire::ParseStatus::kComplete) {
        const auto passage = self->connection_.frame(sender, frame, buffer.last_bytes(), base::now());
        if (passage == NatsConnection::Passage::kAsItIs) passing += buffer.last_bytes();
        self->take_output(sender, passing);
      }
      self->pending(sender) += passing;
      co_await flush(self);
      self->wakes_.cancel();
    }
    self->connection_.closed(sender);
    self->end();
  }

  void take_output(Sender sender, std::string& into) {
    into += connection_.output(sender);
    connection_.output(sender).clear();
  }
  std::string& pending(Sender sender) { return pending_[sender == Sender::kClient ? 0 : 1]; }

  static asio::awaitable<void> flush(std::shared_ptr<Relay> self) {
    for (const Sender sender : {Sender::kClient, Sender::kServer}) {
      self->take_output(sender, self->pending(sender));
      bool& writing = self->writing_[sender == Sender::kClient ? 0 : 1];
      while (!writing && !self->pending(sender).empty()) {
        const std::string bytes = std::exchange(self->pending(sender), {});
        writing = true;
        boost::system::error_code error;
        co_await asio::async_write(self->to(sender), asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, error));
        writing = false;
        if (error) self->end();
        self->connection_.wrote(sender);
      }
    }
    if (self->connection_.end() != proxy::NatsDecision::End::kNone) self->end();
  }

  static asio::awaitable<void> clock(std::shared_ptr<Relay> self) {
    while (!self->ended_) {
      boost::system::error_code ignored;
      self->wakes_.expires_at(self->connection_.due().value_or(base::now() + std::chrono::hours{1}));
      co_await self->wakes_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      self->connection_.tick(base::now());
      co_await flush(self);
    }
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    boost::system::error_code ignored;
    if (connection_.end() == proxy::NatsDecision::End::kReset) {
      client_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    client_.close(ignored);
    server_.close(ignored);
    wakes_.cancel();
  }

  tcp::socket client_;
  tcp::socket server_;
  asio::steady_timer wakes_;
  NatsConnection connection_;
  std::array<std::string, 2> pending_;
  std::array<bool, 2> writing_{};
  bool ended_ = false;
};

}  // namespace

struct FaultyLink::State {
  State(std::uint16_t to, std::uint64_t seed)
      : link(base::Seed(seed), [this](const proxy::MomentEvent& event) { put(event); }),
        upstream(asio::ip::address_v4::loopback(), to),
        acceptor(io, {asio::ip::address_v4::loopback(), 0}),
        tasks(io.get_executor()) {
    tasks.spawn("accept", serve(this));
    thread = std::thread([this] { io.run(); });
  }
  ~State() {
    io.stop();
    thread.join();
  }

  static asio::awaitable<void> serve(State* self) {
    while (true) {
      tcp::socket client = co_await self->acceptor.async_accept(asio::use_awaitable);
      tcp::socket server(self->io);
      boost::system::error_code error;
      co_await server.async_connect(self->upstream, asio::redirect_error(asio::use_awaitable, error));
      if (error) continue;
      auto relay =
          std::make_shared<Relay>(std::move(client), std::move(server), self->link, ++self->connections);
      relay->start(self->tasks);
    }
  }

  void put(const proxy::MomentEvent& event) {
    {
      const std::lock_guard lock(mutex);
      events.push_back(event);
    }
    came.notify_one();
  }

  // Runs it on the link's thread.
  template <typename Work>
  auto on_link(Work work) {
    std::promise<decltype(work())> done;
    auto future = done.get_future();
    asio::post(io, [&] { done.set_value(work()); });
    return future.get();
  }

  std::mutex mutex;
  std::condition_variable came;
  std::deque<proxy::MomentEvent> events;
  proxy::NatsLink link;
  asio::io_context io;  // after the link: it takes the relays with it, and each signs off from the link
  tcp::endpoint upstream;
  tcp::acceptor acceptor;
  base::TaskGroup tasks;
  std::uint64_t connections = 0;
  std::thread thread;
};

FaultyLink::FaultyLink(std::uint16_t upstream_port, std::uint64_t seed)
    : state_(std::make_unique<State>(upstream_port, seed)) {}
FaultyLink::~FaultyLink() = default;

std::uint16_t FaultyLink::port() const { return state_->acceptor.local_endpoint().port(); }

void FaultyLink::add(nlohmann::json json) {
  if (!json.contains("name")) json["name"] = json.value("preset", std::string("fault"));
  auto fault = fault::nats_fault_from_json(json);
  ASSERT_TRUE(fault) << fault.error().message();
  const auto added = state_->on_link([&] { return state_->link.add(*fault, base::now()); });
  ASSERT_TRUE(added) << added.error().message();
}

void FaultyLink::remove(const std::string& name) {
  EXPECT_TRUE(state_->on_link([&] { return state_->link.remove(name); })) << name;
}

void FaultyLink::heal() {
  state_->on_link([&] { return state_->link.remove_all(), true; });
}

std::uint64_t FaultyLink::struck(const std::string& name) {
  return state_->on_link([&] {
    for (const auto& status : state_->link.faults()) {
      if (status.fault.name == name) return status.struck;
    }
    return std::uint64_t{0};
  });
}

std::uint64_t FaultyLink::arm(proxy::MomentWatch watch) {
  const auto armed = state_->on_link([&] { return state_->link.arm(watch); });
  EXPECT_TRUE(armed) << armed.error().message();
  return armed.value_or(0);
}

void FaultyLink::disarm(std::uint64_t watch) {
  state_->on_link([&] { return state_->link.disarm(watch); });
}

std::optional<proxy::MomentEvent> FaultyLink::next_event(base::Nanos within) {
  std::unique_lock lock(state_->mutex);
  if (!state_->came.wait_for(lock, within, [&] { return !state_->events.empty(); })) return std::nullopt;
  const proxy::MomentEvent event = state_->events.front();
  state_->events.pop_front();
  return event;
}

bool FaultyLink::release(std::uint64_t event, proxy::Release how) {
  return state_->on_link([&] { return state_->link.release(event, how); });
}

std::size_t FaultyLink::held_bytes() {
  return state_->on_link([&] { return state_->link.held_bytes(); });
}

}  // namespace squall::testing
