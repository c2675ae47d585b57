#include "http/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/version.hpp>

namespace squall::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<base::Result<std::vector<tcp::endpoint>>> resolve(asio::io_context& io,
                                                                  const GetRequest& request) {
  boost::system::error_code not_literal;
  const auto address = asio::ip::make_address(request.host, not_literal);
  if (!not_literal) co_return std::vector{tcp::endpoint(address, request.port)};
  tcp::resolver resolver(io);
  const auto [error, found] =
      co_await resolver.async_resolve(request.host, std::to_string(request.port), kAsTuple);
  if (error) co_return base::fail("cannot resolve {}: {}", request.host, error.message());
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

std::string text_of(const boost::system::error_code& error, const GetRequest& request) {
  if (error == beast::error::timeout) return "no answer before the deadline";
  if (error == beast::http::error::body_limit) {
    return fmt::format("the body is larger than {} bytes", request.max_body);
  }
  if (error == beast::http::error::end_of_stream) return "the server closed the connection without an answer";
  return error.message();
}

Response to_response(beast::http::response<beast::http::string_body>&& message) {
  Response response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) response.headers.emplace_back(field.name_string(), field.value());
  response.body = std::move(message.body());
  return response;
}

asio::awaitable<base::Result<Response>> exchange(asio::io_context& io, const GetRequest& request,
                                                 base::Instant deadline) {
  const auto endpoints = co_await resolve(io, request);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  beast::tcp_stream stream(io);
  stream.expires_at(deadline);
  const auto [refused, endpoint] = co_await stream.async_connect(*endpoints, kAsTuple);
  if (refused) co_return base::fail("{}", text_of(refused, request));
  boost::system::error_code gone;
  const tcp::endpoint local = stream.socket().local_endpoint(gone);
  if (!gone && local == stream.socket().remote_endpoint(gone)) {
    co_return base::fail("nobody listens there (the connection came back to itself)");
  }
  stream.socket().set_option(tcp::no_delay(true), gone);

  beast::http::request<beast::http::empty_body> question(beast::http::verb::get, request.target, 11);
  question.set(beast::http::field::host, fmt::format("{}:{}", request.host, request.port));
  question.set(beast::http::field::user_agent, "squall/" SQUALL_VERSION);
  question.keep_alive(false);
  const auto [unsent, written] = co_await beast::http::async_write(stream, question, kAsTuple);
  if (unsent) co_return base::fail("{}", text_of(unsent, request));

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(request.max_body);
  const auto [unread, size] = co_await beast::http::async_read(stream, buffer, parser, kAsTuple);
  if (unread) co_return base::fail("{}", text_of(unread, request));
  co_return to_response(parser.release());
}

}  // namespace

asio::awaitable<base::Result<Response>> get(asio::io_context& io, GetRequest request,
                                            base::Instant deadline) {
  base::Result<Response> response = co_await exchange(io, request, deadline);
  if (!response) {
    co_return base::fail_within(fmt::format("GET http://{}:{}{}", request.host, request.port, request.target),
                                response.error());
  }
  co_return response;
}

}  // namespace squall::http
