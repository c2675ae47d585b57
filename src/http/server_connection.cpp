#include "http/server_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>

#include "http/event_feed.h"

namespace squall::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadAtOnce = 4096;
constexpr std::size_t kReadAfterRefusal = 1024 * 1024;
constexpr auto kWaitAfterRefusal = std::chrono::seconds(1);

using Parser = beast::http::request_parser<beast::http::string_body>;

// Nothing if the target is no path.
std::optional<Request> to_request(Parser& parser) {
  auto message = parser.release();
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return std::nullopt;
  Request request;
  request.method = std::string(message.method_string());
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  request.body = std::move(message.body());
  return request;
}

std::string http_date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

// A header's value must not end the header.
std::string one_line(std::string_view value) {
  std::string line(value);
  std::erase_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return line;
}

std::string head_bytes(const Response& response) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 reason_phrase(response.status), http_date());
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", one_line(name), one_line(value));
  }
  return head;
}

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

struct BadRequest {
  int status = 400;
  std::string_view text;
};

// Nothing when the peer is gone and nobody reads an answer.
std::optional<BadRequest> answer_to(const boost::system::error_code& error) {
  namespace fault = beast::http;
  if (error == fault::error::end_of_stream || error == fault::error::partial_message) return std::nullopt;
  if (error == beast::error::timeout) return std::nullopt;  // its socket is closed already
  if (error == fault::error::header_limit) return BadRequest{431, "the request's head is too large\n"};
  if (error == fault::error::body_limit) return BadRequest{413, "the request's body is too large\n"};
  if (error.category() == make_error_code(fault::error::bad_method).category()) {
    return BadRequest{400, "this is no HTTP/1.1 request\n"};
  }
  return std::nullopt;
}

}  // namespace

ServerConnection::ServerConnection(tcp::socket socket, std::shared_ptr<const ConnectionDesk> desk)
    : stream_(std::move(socket)), desk_(std::move(desk)) {
  boost::system::error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<void> ServerConnection::serve() {
  const auto self = shared_from_this();
  while (!desk_->stopping && co_await first_byte()) {
    if (co_await one_request() == Next::kClose) break;
  }
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  close();
}

asio::awaitable<bool> ServerConnection::first_byte() {
  if (buffer_.size() > 0) co_return true;  // pipelined
  stream_.expires_after(desk_->limits.idle);
  idle_ = true;
  const auto space = buffer_.prepare(kReadAtOnce);
  const auto [error, size] = co_await stream_.async_read_some(space, kAsTuple);
  idle_ = false;
  if (error) co_return false;
  buffer_.commit(size);
  co_return true;
}

asio::awaitable<ServerConnection::Next> ServerConnection::one_request() {
  Parser parser;
  parser.header_limit(desk_->limits.header_bytes);
  parser.body_limit(desk_->limits.body_bytes);
  stream_.expires_after(desk_->limits.request);
  const auto [bad_head, head_size] =
      co_await beast::http::async_read_header(stream_, buffer_, parser, kAsTuple);
  boost::system::error_code bad = bad_head;
  if (!bad && beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [unsent, sent] = co_await asio::async_write(stream_, asio::buffer(go_on), kAsTuple);
    bad = unsent;
  }
  if (!bad) {
    const auto [bad_body, size] = co_await beast::http::async_read(stream_, buffer_, parser, kAsTuple);
    bad = bad_body;
  }
  if (bad) {
    if (const auto refusal = answer_to(bad)) co_await refuse(refusal->status, refusal->text);
    co_return Next::kClose;
  }
  const bool keep_open = parser.get().keep_alive();
  auto request = to_request(parser);
  if (!request) {
    co_await refuse(400, "the request's target is no path\n");
    co_return Next::kClose;
  }
  const bool head_only = request->method == "HEAD";
  const Reply reply = co_await answer(std::move(*request));
  if (reply.events && !head_only) {
    co_await stream_events(reply.response, reply.events);
    co_return Next::kClose;
  }
  const bool stays = keep_open && !desk_->stopping;
  const bool taken = co_await write(reply.response, stays, head_only);
  co_return taken&& stays ? Next::kReadOn : Next::kClose;
}

asio::awaitable<Reply> ServerConnection::answer(Request request) {
  const std::string name = fmt::format("{} {}", request.method, request.path);
  std::string problem;
  try {
    co_return co_await desk_->handler(std::move(request));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (desk_->on_problem) desk_->on_problem(fmt::format("{} failed: {}", name, problem));
  Reply reply;
  reply.response = text_response(500, "internal error\n");
  co_return reply;
}

asio::awaitable<bool> ServerConnection::write(const Response& response, bool keep_open, bool head_only) {
  std::string bytes = head_bytes(response);
  if (!has_no_body(response.status)) bytes += fmt::format("Content-Length: {}\r\n", response.body.size());
  bytes += keep_open ? "\r\n" : "Connection: close\r\n\r\n";
  if (!head_only && !has_no_body(response.status)) bytes += response.body;
  stream_.expires_after(desk_->limits.response);
  const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(bytes), kAsTuple);
  co_return !error;
}

asio::awaitable<void> ServerConnection::stream_events(const Response& head, std::shared_ptr<EventFeed> feed) {
  events_ = feed;
  if (desk_->stopping) feed->close();
  // The stream ends with the connection, so that its length needs no frames.
  std::string bytes = head_bytes(head) + "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
  base::TaskGroup watch(stream_.get_executor());
  watch.spawn(
      "listener leaves",
      [](std::shared_ptr<ServerConnection> self, std::shared_ptr<EventFeed> its) -> asio::awaitable<void> {
        // Whatever it says or its end: nothing is expected from a listener. Not on stream_, whose deadline is
        // the writer's.
        boost::system::error_code ignored;
        co_await self->stream_.socket().async_wait(tcp::socket::wait_read,
                                                   asio::redirect_error(asio::use_awaitable, ignored));
        its->close();
      }(shared_from_this(), feed));
  while (!bytes.empty()) {
    stream_.expires_after(desk_->limits.response);
    const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(bytes), kAsTuple);
    if (error) break;
    stream_.expires_never();
    bytes = co_await feed->next(desk_->limits.keep_alive);
  }
  feed->close();
  events_.reset();
}

asio::awaitable<void> ServerConnection::refuse(int status, std::string_view text) {
  const Response response = text_response(status, std::string(text));
  const bool written = co_await write(response, false, false);
  if (!written) co_return;
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kWaitAfterRefusal);
  buffer_.clear();
  std::size_t heard = 0;
  while (heard < kReadAfterRefusal) {
    const auto space = buffer_.prepare(kReadAtOnce);
    const auto [error, size] = co_await stream_.async_read_some(space, kAsTuple);
    if (error) break;
    heard += size;
  }
}

asio::awaitable<void> ServerConnection::turn_away() {
  const auto self = shared_from_this();
  co_await refuse(503, "too many connections\n");
  close();
}

void ServerConnection::stop() {
  if (events_) events_->close();
  if (idle_) close();
}

void ServerConnection::close() { stream_.close(); }

}  // namespace squall::http
