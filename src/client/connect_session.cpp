// The handshake: TCP, INFO, CONNECT, PING, PONG. TLS, NKEY and .creds will go between INFO and CONNECT.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "client/session.h"
#include "wire/frame_writer.h"

namespace squall::client {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<base::Result<std::vector<tcp::endpoint>>> resolve(asio::io_context& io,
                                                                  const ConnectOptions& options) {
  boost::system::error_code not_literal;
  const auto address = asio::ip::make_address(options.host, not_literal);
  if (!not_literal) co_return std::vector{tcp::endpoint(address, options.port)};
  tcp::resolver resolver(io);
  const auto [error, found] =
      co_await resolver.async_resolve(options.host, std::to_string(options.port), kAsTuple);
  if (error) co_return base::fail("cannot resolve {}: {}", options.host, error.message());
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

}  // namespace

asio::awaitable<base::Result<void>> Connection::Session::connect(base::Instant deadline) {
  const std::shared_ptr<Session> self = shared_from_this();
  // At the deadline the socket is closed under whatever waits for it.
  asio::steady_timer watchdog(io_context, deadline);
  watchdog.async_wait([self](const boost::system::error_code& cancelled) {
    if (cancelled || !self->connecting) return;
    self->timed_out = true;
    boost::system::error_code ignored;
    self->socket.close(ignored);
  });
  base::Result<void> opened = co_await open_socket();
  if (opened) opened = co_await shake_hands();
  connecting = false;
  if (opened && !timed_out) co_return opened;
  boost::system::error_code ignored;
  socket.close(ignored);
  const std::string where = fmt::format("cannot connect to {}:{}", options.host, options.port);
  if (timed_out) co_return base::fail("{}: {} before the deadline", where, reason.text);
  co_return base::fail_within(where, opened.error());
}

asio::awaitable<base::Result<void>> Connection::Session::open_socket() {
  reason.text = "no TCP connection";
  const auto endpoints = co_await resolve(io_context, options);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  const auto [error, endpoint] = co_await asio::async_connect(socket, *endpoints, kAsTuple);
  if (error) co_return base::fail("{}", error.message());
  boost::system::error_code gone;
  const tcp::endpoint local = socket.local_endpoint(gone);
  // Linux connects a dialling socket to itself when the kernel picks the dialled port for it.
  if (!gone && local == socket.remote_endpoint(gone)) {
    co_return base::fail("nobody listens there (the connection came back to itself)");
  }
  socket.set_option(tcp::no_delay(true), gone);
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<wire::Frame>> Connection::Session::read_frame() {
  wire::Frame frame;
  while (true) {
    const wire::ParseStatus status = input.next(frame);
    if (status == wire::ParseStatus::kComplete) co_return frame;
    if (status == wire::ParseStatus::kMalformed) {
      co_return base::fail("the peer does not speak NATS: {}", input.error_text());
    }
    const std::span<char> room = input.prepare();
    const auto [error, size] =
        co_await socket.async_read_some(asio::buffer(room.data(), room.size()), kAsTuple);
    if (error == asio::error::eof) co_return base::fail("the server closed the connection ({})", reason.text);
    if (error) co_return base::fail("{} ({})", error.message(), reason.text);
    counters.bytes_in += size;
    input.commit(size);
  }
}

asio::awaitable<base::Result<void>> Connection::Session::shake_hands() {
  reason.text = "no INFO from the server";
  const base::Result<wire::Frame> first = co_await read_frame();
  if (!first) co_return std::unexpected(first.error());
  if (const auto* error = std::get_if<wire::Err>(&*first))
    co_return base::fail("the server said: {}", error->text);
  const auto* info = std::get_if<wire::Info>(&*first);
  if (info == nullptr)
    co_return base::fail("the server began with {} instead of INFO", wire::verb_name(*first));
  auto parsed = wire::parse_server_info(info->json);
  if (!parsed) co_return std::unexpected(parsed.error());
  server = std::move(*parsed);
  if (server.tls_required) co_return base::fail("the server requires TLS, which this client cannot do yet");

  reason.text = "no PONG from the server";
  const std::string opening = opening_frames();
  const auto [error, size] = co_await asio::async_write(socket, asio::buffer(opening), kAsTuple);
  if (error) co_return base::fail("{} ({})", error.message(), reason.text);
  counters.bytes_out += size;
  base::Result<void> greeted = co_await await_pong();
  co_return greeted;
}

std::string Connection::Session::opening_frames() const {
  const std::string json = wire::to_json(
      {.name = options.name, .user = options.user, .password = options.password, .token = options.token});
  const std::string inbox = inbox_prefix + "*";
  std::string frames;
  wire::append_frame(frames, wire::Connect{json});
  wire::append_frame(frames, wire::Sub{inbox, "", std::to_string(kOperationsSid)});
  wire::append_frame(frames, wire::Ping{});
  return frames;
}

asio::awaitable<base::Result<void>> Connection::Session::await_pong() {
  while (true) {
    const base::Result<wire::Frame> frame = co_await read_frame();
    if (!frame) co_return std::unexpected(frame.error());
    if (std::holds_alternative<wire::Pong>(*frame)) co_return base::Result<void>{};
    if (const auto* error = std::get_if<wire::Err>(&*frame)) {
      co_return base::fail("the server said: {}", error->text);
    }
    // PING may come first, and INFO again; the PONG for that PING follows once the session is open.
    if (std::holds_alternative<wire::Ping>(*frame)) wire::append_frame(output, wire::Pong{});
  }
}

}  // namespace squall::client
