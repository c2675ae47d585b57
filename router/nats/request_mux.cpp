#include "router/nats/request_mux.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

namespace router::nats {
namespace {

// One timer for all deadlines: they are late by at most this.
constexpr base::Nanos kSweepEvery = std::chrono::milliseconds(20);

NoAnswer reason_of(Sent sent) {
  switch (sent) {
    case Sent::too_large:
      return NoAnswer::too_large;
    case Sent::bad_subject:
      return NoAnswer::bad_subject;
    default:
      return NoAnswer::disconnected;
  }
}

}  // namespace

std::string_view name_of(NoAnswer reason) {
  switch (reason) {
    case NoAnswer::timed_out:
      return "timed out";
    case NoAnswer::disconnected:
      return "disconnected";
    case NoAnswer::no_responders:
      return "no responders";
    case NoAnswer::too_large:
      return "larger than the server allows";
    case NoAnswer::bad_subject:
      return "bad subject";
  }
  return "unknown";
}

RequestMux::RequestMux(EventLoop& loop, Session& session) : loop_(loop), session_(session) {
  session_.on_connected([this] { listen(); });
  session_.on_lost([this] {
    subscription_.reset();
    fail_all(NoAnswer::disconnected);
  });
  loop_.every(kSweepEvery, [this] { sweep(); });
}

void RequestMux::listen() {
  inbox_ = new_inbox() + ".";
  subscription_ = session_.subscribe(inbox_ + "*", [this](Message message) { answered(std::move(message)); });
}

void RequestMux::request(std::string_view subject, std::string_view payload, base::Nanos timeout,
                         OnAnswer done, const Headers& headers) {
  const auto token = ++last_token_;
  const Sent sent = subscription_
                        ? session_.publish(subject, payload, fmt::format("{}{}", inbox_, token), headers)
                        : Sent::disconnected;
  if (sent != Sent::ok) {
    loop_.post([done = std::move(done), sent]() mutable { done(std::unexpected(reason_of(sent))); });
    return;
  }
  waiting_.emplace(token, Waiting{std::move(done), base::now() + timeout});
}

void RequestMux::answered(Message message) {
  const std::string_view subject = message.subject;
  if (!subject.starts_with(inbox_)) return;
  const auto digits = subject.substr(inbox_.size());
  std::uint64_t token = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), token);
  auto found = waiting_.extract(token);
  if (found.empty()) return;  // it timed out before
  auto& done = found.mapped().done;
  if (message.status() == 503) {
    done(std::unexpected(NoAnswer::no_responders));
  } else {
    done(std::move(message));
  }
}

void RequestMux::fail_all(NoAnswer reason) {
  // The callbacks may ask again.
  for (auto& [token, waiting] : std::exchange(waiting_, {})) waiting.done(std::unexpected(reason));
}

void RequestMux::sweep() {
  const auto now = base::now();
  std::vector<std::uint64_t> late;
  for (const auto& [token, waiting] : waiting_) {
    if (waiting.deadline <= now) late.push_back(token);
  }
  for (const auto token : late) {
    auto found = waiting_.extract(token);
    if (!found.empty()) found.mapped().done(std::unexpected(NoAnswer::timed_out));
  }
}

}  // namespace router::nats
