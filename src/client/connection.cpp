#include "client/connection.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/invariant.h"
#include "client/session.h"
#include "client/waiter.h"

namespace squall::client {

namespace asio = boost::asio;

asio::awaitable<base::Result<std::shared_ptr<Connection>>> Connection::connect(asio::io_context& io,
                                                                               ConnectOptions options,
                                                                               base::Instant deadline) {
  const auto session = std::make_shared<Session>(io, std::move(options));
  const base::Result<void> connected = co_await session->connect(deadline);
  if (!connected) co_return std::unexpected(connected.error());
  session->start();
  co_return std::shared_ptr<Connection>(new Connection(session));
}

Connection::Connection(std::shared_ptr<Session> session) : session_(std::move(session)) {}

Connection::~Connection() {
  session_->close_callbacks.clear();
  session_->error_callback = nullptr;
  session_->written_callback = nullptr;
  close();
}

bool Connection::is_open() const { return session_->open; }

const wire::ServerInfo& Connection::server() const { return session_->server; }

const ConnectOptions& Connection::options() const { return session_->options; }

bool Connection::encrypted() const { return session_->transport.encrypted(); }

asio::any_io_executor Connection::executor() const { return session_->io_context.get_executor(); }

void Connection::close() { session_->close(CloseReason::Kind::kOwner, "closed by its owner"); }

const CloseReason& Connection::closed_reason() const {
  SQUALL_CHECK(!is_open());
  return session_->reason;
}

asio::awaitable<bool> Connection::wait_closed(base::Instant deadline) {
  const std::shared_ptr<Session> session = session_;
  if (!session->open) co_return true;
  const auto waiter = std::make_shared<Waiter<bool>>(session->io_context.get_executor());
  session->close_waiters.push_back(waiter);
  const std::optional<bool> closed = co_await waiter->wait(deadline);
  std::erase(session->close_waiters, waiter);
  co_return closed.has_value();
}

void Connection::on_closed(CloseCallback callback) {
  const bool told_already = !session_->open && session_->close_callbacks.empty();
  session_->close_callbacks.push_back(std::move(callback));
  if (!told_already) return;
  asio::post(session_->io_context, [session = session_] {
    for (CloseCallback& waiting : std::exchange(session->close_callbacks, {})) waiting(session->reason);
  });
}

void Connection::on_written(std::move_only_function<void()> callback) {
  session_->written_callback = std::move(callback);
}

void Connection::on_server_error(ErrorCallback callback) { session_->error_callback = std::move(callback); }

asio::awaitable<Outcome<base::Nanos>> Connection::ping(base::Instant deadline) {
  return session_->ping(deadline);
}

Outcome<void> Connection::publish(std::string_view subject, std::string_view payload,
                                  std::span<const wire::Header> headers, std::string_view reply) {
  return session_->publish(subject, reply, headers, payload);
}

Outcome<Subscription> Connection::subscribe(std::string_view subject, MessageCallback callback,
                                            std::string_view queue) {
  const Outcome<std::uint64_t> sid = session_->subscribe(subject, queue, std::move(callback));
  if (!sid) return std::unexpected(sid.error());
  return Subscription(session_, *sid);
}

std::string Connection::new_inbox() {
  // Two tokens behind the prefix, so that the inbox of operations does not match it.
  return fmt::format("{}sub.{}", session_->inbox_prefix, session_->next_inbox++);
}

asio::awaitable<Outcome<Message>> Connection::request(std::string subject, std::string payload,
                                                      base::Instant deadline) {
  const std::shared_ptr<Session> session = session_;
  const auto waiter = std::make_shared<Waiter<Outcome<Message>>>(session->io_context.get_executor());
  RequestCompletion on_reply = [waiter](Outcome<MessageView> reply) {
    if (!reply) return waiter->set(std::unexpected(std::move(reply.error())));
    waiter->set(Message{std::string(reply->subject), std::string(reply->reply), std::string(reply->headers),
                        std::string(reply->payload)});
  };
  session->begin(subject, payload, {}, deadline, std::move(on_reply));
  // The operation has the deadline: it always ends, and then the waiter has a value.
  std::optional<Outcome<Message>> reply = co_await waiter->wait(base::Instant::max());
  co_return std::move(*reply);
}

void Connection::request(std::string_view subject, std::string_view payload,
                         std::span<const wire::Header> headers, base::Instant deadline,
                         RequestCompletion completion) {
  session_->begin(subject, payload, headers, deadline, std::move(completion));
}

void Connection::publish_js(std::string_view subject, std::string_view payload,
                            std::span<const wire::Header> headers, base::Instant deadline,
                            PublishCompletion completion) {
  session_->begin(subject, payload, headers, deadline, std::move(completion));
}

asio::awaitable<PublishOutcome> Connection::publish_js(
    std::string subject, std::string payload, std::vector<std::pair<std::string, std::string>> headers,
    base::Instant deadline) {
  const std::shared_ptr<Session> session = session_;
  const auto waiter = std::make_shared<Waiter<PublishOutcome>>(session->io_context.get_executor());
  std::vector<wire::Header> fields;
  fields.reserve(headers.size());
  for (const auto& [name, value] : headers) fields.push_back({name, value});
  PublishCompletion on_outcome = [waiter](PublishOutcome outcome) { waiter->set(std::move(outcome)); };
  session->begin(subject, payload, fields, deadline, std::move(on_outcome));
  std::optional<PublishOutcome> outcome = co_await waiter->wait(base::Instant::max());
  co_return std::move(*outcome);
}

std::size_t Connection::operations_in_flight() const { return session_->operations.size(); }

std::size_t Connection::pending_bytes() const { return session_->pending_bytes(); }

const ConnectionCounters& Connection::counters() const { return session_->counters; }

Subscription::Subscription(Subscription&& other) noexcept
    : session_(std::move(other.session_)), sid_(std::exchange(other.sid_, 0)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    reset();
    session_ = std::move(other.session_);
    sid_ = std::exchange(other.sid_, 0);
  }
  return *this;
}

Subscription::~Subscription() { reset(); }

void Subscription::reset() {
  const std::uint64_t sid = std::exchange(sid_, 0);
  if (sid == 0) return;
  if (const auto session = session_.lock()) session->unsubscribe(sid);
}

}  // namespace squall::client
