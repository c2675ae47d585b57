#include "client/session.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <random>

#include "base/invariant.h"
#include "wire/frame_writer.h"
#include "wire/subject.h"

namespace squall::client {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kInputBytes = 256 * 1024;
// How late an expired deadline may be noticed, so that many near ones share a timer.
constexpr base::Nanos kSweepPause = std::chrono::milliseconds{1};

// Unique among all clients of a server, hence not from a seed.
std::string random_token() {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::string token;
  for (int i = 0; i < 16; ++i) token += kDigits[device() % kDigits.size()];
  return token;
}

// What would break the control line apart. Anything else is the server's affair.
bool fits_control_line(std::string_view subject) {
  for (const char c : subject) {
    if (static_cast<unsigned char>(c) <= ' ') return false;
  }
  return !subject.empty();
}

std::optional<std::uint64_t> to_sid(std::string_view text) {
  std::uint64_t sid = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), sid);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return sid;
}

OperationError not_open(const CloseReason& reason) {
  return {.kind = ErrorKind::kNotSent, .text = fmt::format("not sent: {}", reason.text)};
}

}  // namespace

Connection::Session::Session(asio::io_context& io, ConnectOptions connect_options)
    : io_context(io),
      options(std::move(connect_options)),
      transport(io),
      sweep(io),
      reason{.text = "the connection is not open yet"},
      inbox_prefix(fmt::format("{}.{}.", options.inbox_prefix, random_token())),
      input(wire::Sender::kServer, {}, kInputBytes),
      operation_reply(inbox_prefix + std::string(OperationTable::kTokenSize, '0')) {}

void Connection::Session::start() {
  open = true;
  // What came behind the handshake is handled at the next turn, once the caller has its connection.
  asio::post(io_context, [self = shared_from_this()] {
    self->flush();
    self->take_frames();
    self->read_more();
  });
}

void Connection::Session::close(CloseReason::Kind kind, std::string text) {
  if (!open) return;
  open = false;
  reason = {kind, std::move(text), base::now()};
  transport.close();
  sweep.cancel();
  // Not from here: the caller may stand in the middle of anything.
  asio::post(io_context, [self = shared_from_this()] { self->report_closure(); });
}

void Connection::Session::report_closure() {
  operations.fail_all(handed_over, reason.text);
  output.clear();
  subscriptions.clear();
  for (const auto& waiter : std::exchange(pong_waiters, {})) {
    waiter->set(std::unexpected(OperationError{.kind = ErrorKind::kConnectionLost,
                                               .text = fmt::format("connection lost: {}", reason.text)}));
  }
  for (const auto& waiter : std::exchange(close_waiters, {})) waiter->set(true);
  for (CloseCallback& callback : std::exchange(close_callbacks, {})) callback(reason);
}

void Connection::Session::read_more() {
  if (!open) return;
  const std::span<char> room = input.prepare();
  transport.read_some(asio::buffer(room.data(), room.size()),
                      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                        if (!self->open) return;
                        if (error == asio::error::eof) {
                          return self->close(CloseReason::Kind::kPeerClosed,
                                             "the server closed the connection");
                        }
                        if (error) return self->close(CloseReason::Kind::kNetwork, error.message());
                        self->counters.bytes_in += size;
                        self->input.commit(size);
                        self->take_frames();
                        self->read_more();
                      });
}

void Connection::Session::take_frames() {
  wire::Frame frame;
  while (open) {
    switch (input.next(frame)) {
      case wire::ParseStatus::kComplete:
        on_frame(frame);
        break;
      case wire::ParseStatus::kIncomplete:
        return;
      case wire::ParseStatus::kMalformed:
        return close(CloseReason::Kind::kProtocolError, "the server sent no NATS: " + input.error_text());
    }
  }
}

void Connection::Session::on_frame(const wire::Frame& frame) {
  if (const auto* message = std::get_if<wire::Msg>(&frame)) return on_message(*message);
  if (std::holds_alternative<wire::Ping>(frame)) {
    wire::append_frame(output, wire::Pong{});
    return schedule_flush();
  }
  if (std::holds_alternative<wire::Pong>(frame)) return on_pong();
  if (const auto* error = std::get_if<wire::Err>(&frame)) return on_server_error(*error);
  if (const auto* info = std::get_if<wire::Info>(&frame)) {
    if (auto parsed = wire::parse_server_info(info->json)) server = std::move(*parsed);
  }
}

void Connection::Session::on_message(const wire::Msg& message) {
  ++counters.messages_in;
  const MessageView view{message.subject, message.reply, message.headers, message.payload};
  const auto sid = to_sid(message.sid);
  if (sid == kOperationsSid) {
    // By the last token of the subject. JetStream's own deliveries never come here: they keep their subject.
    const std::size_t dot = message.subject.rfind('.');
    const auto token = OperationTable::read_token(message.subject.substr(dot + 1));
    if (!token || !operations.finish(*token, view)) ++counters.late_replies;
    return;
  }
  const auto found = sid ? subscriptions.find(*sid) : subscriptions.end();
  if (found == subscriptions.end()) return;  // on its way when we unsubscribed
  const std::shared_ptr<MessageCallback> callback = found->second;
  (*callback)(view);
}

void Connection::Session::on_pong() {
  if (pong_waiters.empty()) return;
  pong_waiters.front()->set(base::now());
  pong_waiters.pop_front();
}

void Connection::Session::on_server_error(const wire::Err& error) {
  if (wire::is_fatal(error)) {
    return close(CloseReason::Kind::kServerError, fmt::format("the server said: {}", error.text));
  }
  if (error_callback) error_callback(error.text);
}

void Connection::Session::schedule_flush() {
  if (flush_scheduled || writing) return;
  flush_scheduled = true;
  // At the next turn: what is published until then goes out in one write.
  asio::post(io_context, [self = shared_from_this()] {
    self->flush_scheduled = false;
    self->flush();
  });
}

void Connection::Session::flush() {
  if (!open || writing || output.empty()) return;
  std::swap(output, in_flight);
  handed_over += in_flight.size();
  writing = true;
  transport.write(asio::buffer(in_flight),
                  [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                    self->writing = false;
                    self->in_flight.clear();
                    self->counters.bytes_out += size;
                    if (!self->open) return;
                    if (error) return self->close(CloseReason::Kind::kNetwork, error.message());
                    self->flush();
                    if (auto written = std::exchange(self->written_callback, nullptr)) written();
                  });
}

std::optional<OperationError> Connection::Session::refusal(std::string_view subject,
                                                           std::size_t payload_size) const {
  if (!open) return not_open(reason);
  if (!fits_control_line(subject)) {
    return OperationError{.kind = ErrorKind::kNotSent,
                          .text = fmt::format("not sent: invalid subject \"{}\"", subject)};
  }
  if (options.check_max_payload && payload_size > server.max_payload) {
    return OperationError{
        .kind = ErrorKind::kTooLarge,
        .text = fmt::format("not sent: {} bytes are more than the server's max_payload of {}", payload_size,
                            server.max_payload)};
  }
  if (pending_bytes() > options.max_pending_bytes) {
    return OperationError{.kind = ErrorKind::kBufferFull,
                          .text = fmt::format("not sent: {} bytes wait to be written", pending_bytes())};
  }
  return std::nullopt;
}

Outcome<void> Connection::Session::publish(std::string_view subject, std::string_view reply,
                                           std::span<const wire::Header> headers, std::string_view payload) {
  const std::size_t size = payload.size() + (headers.empty() ? 0 : wire::headers_size(headers));
  if (auto refused = refusal(subject, size)) return std::unexpected(std::move(*refused));
  wire::append_publish(output, subject, reply, headers, payload);
  schedule_flush();
  return {};
}

void Connection::Session::begin(std::string_view subject, std::string_view payload,
                                std::span<const wire::Header> headers, base::Instant deadline,
                                OperationCallback callback) {
  const std::size_t size = payload.size() + (headers.empty() ? 0 : wire::headers_size(headers));
  if (auto refused = refusal(subject, size)) {
    asio::post(io_context, [callback = std::move(callback), error = std::move(*refused)]() mutable {
      complete(callback, std::move(error));
    });
    return;
  }
  const auto token = operations.add(std::move(callback), deadline, handed_over + output.size());
  OperationTable::write_token(token, operation_reply.data() + inbox_prefix.size());
  wire::append_publish(output, subject, operation_reply, headers, payload);
  schedule_flush();
  if (deadline < sweep_at) watch_deadlines();
}

void Connection::Session::watch_deadlines() {
  const auto earliest = operations.earliest();
  if (!earliest || !open) {
    sweep_at = base::Instant::max();
    return;
  }
  sweep_at = std::max(*earliest, base::now() + kSweepPause);
  sweep.expires_at(sweep_at);
  sweep.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->open) return;
    self->sweep_at = base::Instant::max();
    self->operations.expire(base::now());
    self->watch_deadlines();
  });
}

Outcome<std::uint64_t> Connection::Session::subscribe(std::string_view subject, std::string_view queue,
                                                      MessageCallback callback) {
  if (auto refused = refusal(subject, 0)) return std::unexpected(std::move(*refused));
  const std::uint64_t sid = next_sid++;
  subscriptions.emplace(sid, std::make_shared<MessageCallback>(std::move(callback)));
  const std::string text = std::to_string(sid);
  wire::append_frame(output, wire::Sub{subject, queue, text});
  schedule_flush();
  return sid;
}

void Connection::Session::unsubscribe(std::uint64_t sid) {
  if (subscriptions.erase(sid) == 0 || !open) return;
  const std::string text = std::to_string(sid);
  wire::append_frame(output, wire::Unsub{text, std::nullopt});
  schedule_flush();
}

asio::awaitable<Outcome<base::Nanos>> Connection::Session::ping(base::Instant deadline) {
  const std::shared_ptr<Session> self = shared_from_this();
  if (!open) co_return std::unexpected(not_open(reason));
  const auto pong = std::make_shared<Waiter<Outcome<base::Instant>>>(io_context.get_executor());
  pong_waiters.push_back(pong);
  const base::Instant sent = base::now();
  wire::append_frame(output, wire::Ping{});
  schedule_flush();
  const std::optional<Outcome<base::Instant>> back = co_await pong->wait(deadline);
  if (!back) {
    co_return std::unexpected(
        OperationError{.kind = ErrorKind::kTimedOut, .text = "no PONG before the deadline"});
  }
  if (!*back) co_return std::unexpected(back->error());
  co_return **back - sent;
}

}  // namespace squall::client
