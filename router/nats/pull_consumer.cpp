#include "router/nats/pull_consumer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/invariant.h"

namespace router::nats {
namespace {

using namespace std::chrono_literals;

// After a refused pull. Short: a consumer without a leader gets one within seconds.
constexpr base::Nanos kRetryAfter = 100ms;
// How long after its expiry a pull of which nothing was heard is taken for gone.
constexpr base::Nanos kGrace = 2s;
// Of a drain, at most; and how long nothing must have been delivered for an open pull to be taken for idle.
constexpr base::Nanos kSettleTime = 1200ms;
constexpr base::Nanos kSettleQuiet = 50ms;
constexpr base::Nanos kSettleCheck = 2ms;
// Heartbeats that may stay out in a row.
constexpr int kHeartbeatsMissed = 3;

std::optional<int> number_in(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

PullConsumer::PullConsumer(EventLoop& loop, Session& session, PullOptions options, OnMessage on_message)
    : loop_(loop), session_(session), options_(std::move(options)), on_message_(std::move(on_message)) {
  session_.on_connected([this] {
    quiet_until_ = {};
    listen();
    pull_if_room();
  });
  session_.on_lost([this] {
    subscription_.reset();
    credit_.clear();
  });
  loop_.every(std::min<base::Nanos>(options_.idle_heartbeat / 2, kRetryAfter), [this] { watch(); });
}

void PullConsumer::start() {
  started_ = true;
  quiet_until_ = {};
  pull_if_room();
}

void PullConsumer::drain(Task done) {
  draining_ = true;
  delivered_at_ = base::now();
  unsubscribe_when_settled(base::now() + kSettleTime, std::move(done));
}

void PullConsumer::unsubscribe_when_settled(base::Instant at_last, Task done) {
  const base::Instant now = base::now();
  const bool busy = credit_.outstanding() > 0 && now < delivered_at_ + kSettleQuiet;
  if (subscription_ && busy && now < at_last) {
    loop_.after(kSettleCheck, [this, at_last, done = std::move(done)]() mutable {
      unsubscribe_when_settled(at_last, std::move(done));
    });
    return;
  }
  session_.drain(subscription_, std::move(done));
}

bool PullConsumer::ack(const PulledMessage& pulled) {
  if (session_.publish(pulled.message.reply, "+ACK") != Sent::ok) return false;
  ended_one();
  return true;
}

bool PullConsumer::nak(const PulledMessage& pulled, base::Nanos delay) {
  const auto verb =
      delay > base::Nanos::zero() ? fmt::format("-NAK {{\"delay\":{}}}", delay.count()) : std::string("-NAK");
  if (session_.publish(pulled.message.reply, verb) != Sent::ok) return false;
  ended_one();
  return true;
}

bool PullConsumer::progress(const PulledMessage& pulled) {
  return session_.publish(pulled.message.reply, "+WPI") == Sent::ok;
}

void PullConsumer::listen() {
  inbox_ = new_inbox() + ".";
  heard_ = base::now();
  subscription_ = session_.subscribe(inbox_ + "*", [this](Message message) { received(std::move(message)); });
}

void PullConsumer::received(Message message) {
  heard_ = base::now();
  if (message.status() != 0) {
    status(message);
    return;
  }
  auto tokens = parse_ack_subject(message.reply);
  if (!tokens) return;  // somebody else's, sent to our inbox
  credit_.received();
  delivered_at_ = heard_;
  ++unfinished_;
  on_message_({std::move(message), std::move(*tokens), heard_});
  pull_if_room();
}

void PullConsumer::status(const Message& message) {
  const int code = message.status();
  if (code == 100) return;  // heartbeat
  const std::string_view subject = message.subject;
  if (!subject.starts_with(inbox_)) return;
  const auto pull = number_in(subject.substr(inbox_.size()));
  const bool known = pull && credit_.ended(static_cast<std::uint64_t>(*pull),
                                           number_in(message.headers.get("Nats-Pending-Messages")));
  if (!known) return;
  // 404 and 408 are a pull's natural end; a 409 can be, too (a leader that moved), or tells that the consumer
  // is gone.
  const auto text = message.headers.get("Description");
  if (code == 503 || text.contains("Consumer Deleted") || text.contains("Consumer is push based")) {
    trouble(PullTrouble::gone);
    return;
  }
  if (code != 404 && code != 408) quiet_until_ = heard_ + kRetryAfter;
  pull_if_room();
}

void PullConsumer::trouble(PullTrouble what) {
  credit_.clear();
  quiet_until_ = base::now() + kRetryAfter;
  heard_ = base::now();
  if (on_trouble_) on_trouble_(what);
}

void PullConsumer::ended_one() {
  SQUALL_CHECK(unfinished_ > 0);
  --unfinished_;
  pull_if_room();
}

// Not for every free place: a pull per quarter of the window is enough to keep it full.
void PullConsumer::pull_if_room() {
  if (!started_ || draining_ || !subscription_) return;
  const int room = options_.window - unfinished_ - credit_.outstanding();
  const int worthwhile = credit_.outstanding() == 0 ? 1 : std::max(1, options_.window / 4);
  if (room < worthwhile || base::now() < quiet_until_) return;
  send_pull(room);
}

void PullConsumer::send_pull(int batch) {
  const auto subject = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", options_.stream, options_.durable);
  const auto body = fmt::format(R"({{"batch":{},"expires":{},"idle_heartbeat":{}}})", batch,
                                options_.expires.count(), options_.idle_heartbeat.count());
  const auto pull = ++last_pull_;
  const auto now = base::now();
  if (session_.publish(subject, body, fmt::format("{}{}", inbox_, pull)) != Sent::ok) return;
  // The silence that counts begins when there is something to be heard.
  if (credit_.outstanding() == 0) heard_ = now;
  credit_.sent(pull, batch, now + options_.expires + kGrace);
  if (on_pull_) on_pull_();
}

void PullConsumer::watch() {
  if (!started_ || draining_ || !session_.connected()) return;
  const auto now = base::now();
  credit_.forget_those_gone(now);
  if (credit_.outstanding() > 0 && now - heard_ > kHeartbeatsMissed * options_.idle_heartbeat) {
    trouble(PullTrouble::silent);
    return;
  }
  pull_if_room();
}

}  // namespace router::nats
