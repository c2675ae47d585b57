// The handshake: TCP, INFO, TLS (or TLS, INFO), CONNECT, PING, PONG.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "client/nkey.h"
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
    self->transport.close();
  });
  base::Result<void> opened = co_await open_socket();
  if (opened) opened = co_await shake_hands();
  connecting = false;
  if (opened && !timed_out) co_return opened;
  transport.close();
  const std::string where = fmt::format("cannot connect to {}:{}", options.host, options.port);
  if (timed_out) co_return base::fail("{}: {} before the deadline", where, reason.text);
  co_return base::fail_within(where, opened.error());
}

asio::awaitable<base::Result<void>> Connection::Session::open_socket() {
  reason.text = "no TCP connection";
  tcp::socket& socket = transport.socket();
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
    const auto [error, size] = co_await transport.read_some(asio::buffer(room.data(), room.size()), kAsTuple);
    if (error == asio::error::eof) co_return base::fail("the server closed the connection ({})", reason.text);
    if (error) co_return base::fail("{} ({})", error.message(), reason.text);
    counters.bytes_in += size;
    input.commit(size);
  }
}

asio::awaitable<base::Result<void>> Connection::Session::shake_hands() {
  base::Result<void> step;
  if (options.tls.first) step = co_await encrypt();
  if (step) step = co_await take_info();
  if (step && !transport.encrypted() && (options.tls.required || server.tls_required)) {
    step = co_await encrypt();
  }
  if (!step) co_return step;

  const base::Result<std::string> opening = opening_frames();
  if (!opening) co_return std::unexpected(opening.error());
  reason.text = "no PONG from the server";
  const auto [error, size] = co_await transport.write(asio::buffer(*opening), kAsTuple);
  if (error) co_return base::fail("{} ({})", error.message(), reason.text);
  counters.bytes_out += size;
  base::Result<void> greeted = co_await await_pong();
  co_return greeted;
}

asio::awaitable<base::Result<void>> Connection::Session::take_info() {
  reason.text = "no INFO from the server";
  const base::Result<wire::Frame> first = co_await read_frame();
  if (!first) co_return std::unexpected(first.error());
  if (const auto* error = std::get_if<wire::Err>(&*first)) co_return std::unexpected(server_said(*error));
  const auto* info = std::get_if<wire::Info>(&*first);
  if (info == nullptr)
    co_return base::fail("the server began with {} instead of INFO", wire::verb_name(*first));
  auto parsed = wire::parse_server_info(info->json);
  if (!parsed) co_return std::unexpected(parsed.error());
  server = std::move(*parsed);
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> Connection::Session::encrypt() {
  reason.text = "no end of the TLS handshake";
  if (!options.tls.first && !server.tls_required && !server.tls_available) {
    co_return base::fail("TLS is asked for, and the server offers none");
  }
  if (!input.unread().empty()) co_return base::fail("the server went on without TLS behind its INFO");
  auto layer = TlsLayer::make(transport.socket(), options.tls, options.host);
  if (!layer) co_return std::unexpected(layer.error());
  TlsLayer& tls = **layer;
  transport.encrypt(std::move(*layer));
  base::Result<void> done = co_await tls.handshake();
  co_return done;
}

base::Error Connection::Session::server_said(const wire::Err& error) const {
  const bool about_us = error.text.find("uthoriz") != std::string_view::npos ||
                        error.text.find("uthentic") != std::string_view::npos;
  if (error.text.find(inbox_prefix) != std::string_view::npos) {
    return base::Error(fmt::format("the server said: {}; set an inbox prefix that {} may subscribe to",
                                   error.text, options.credentials.describe()));
  }
  if (!about_us) return base::Error(fmt::format("the server said: {}", error.text));
  return base::Error(
      fmt::format("the server said: {} (we came with {})", error.text, options.credentials.describe()));
}

base::Result<std::string> Connection::Session::opening_frames() const {
  const Credentials& own = options.credentials;
  wire::ConnectRequest request{.name = options.name,
                               .user = own.user,
                               .password = own.password.reveal(),
                               .token = own.token.reveal(),
                               .jwt = own.jwt.reveal(),
                               .nkey = {},
                               .signature = {},
                               .tls_required = transport.encrypted()};
  // A server that sends no nonce checks no signature.
  if (!own.nkey_seed.empty() && !server.nonce.empty()) {
    const auto key = Nkey::from_seed(own.nkey_seed);
    if (!key) return std::unexpected(key.error());
    if (own.jwt.empty()) request.nkey = key->public_key();
    request.signature = base64url_encode(key->sign(server.nonce));
  }
  const std::string json = wire::to_json(request);
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
    if (const auto* error = std::get_if<wire::Err>(&*frame)) co_return std::unexpected(server_said(*error));
    // PING may come first, and INFO again; the PONG for that PING follows once the session is open.
    if (std::holds_alternative<wire::Ping>(*frame)) wire::append_frame(output, wire::Pong{});
  }
}

}  // namespace squall::client
