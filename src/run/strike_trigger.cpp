// What sets a step off: a time, another fault, a probe, a moment of the protocol.
#include "run/strike.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kPoll = std::chrono::milliseconds(1);

}  // namespace

// Nothing when the step's moment has come; else why it never will.
awaitable<std::optional<std::string>> Strikes::wait_for(const fault::Step& step, Struck& struck) {
  const base::Instant give_up = began_ + step.give_up_after;
  if (const auto* at = std::get_if<fault::AtTime>(&step.trigger)) {
    co_await sleep_until(began_ + at->at);
    co_return std::nullopt;
  }
  if (const auto* after = std::get_if<fault::AfterFault>(&step.trigger)) {
    co_return co_await wait_after(*after, give_up);
  }
  if (const auto* when = std::get_if<fault::WhenProbe>(&step.trigger)) {
    co_return co_await wait_probe(*when, give_up);
  }
  MomentGate& gate = *gate_of_.at(step.fault.name);
  co_await sleep_until(began_ + gate.at().from);
  auto never = co_await gate.wait(give_up);
  if (!never) {
    struck.at = describe(*gate.event());
    struck.held_unfinished = gate.at().moment != fault::Moment::kAfterAck;
  }
  co_return never;
}

awaitable<std::optional<std::string>> Strikes::wait_after(const fault::AfterFault& after,
                                                          base::Instant give_up) {
  while (true) {
    const Ended& other = ended_[after.fault];
    const auto& instant = after.end == fault::AfterFault::End::kEffect ? other.effect : other.heal;
    if (instant) {
      co_await sleep_until(*instant + after.wait);
      co_return std::nullopt;
    }
    if (other.over || base::now() > give_up) {
      co_return fmt::format("{} never came so far that this one could follow", after.fault);
    }
    co_await sleep_until(base::now() + kPoll);
  }
}

// It has to change: what answers so from the beginning has not become anything.
awaitable<std::optional<std::string>> Strikes::wait_probe(const fault::WhenProbe& when,
                                                          base::Instant give_up) {
  const auto wanted =
      when.becomes == fault::WhenProbe::Becomes::kRed ? probe::Answer::kRed : probe::Answer::kGreen;
  bool was_otherwise = false;
  while (base::now() < give_up) {
    const auto last = system_.last_answer(when.probe);
    const bool is_so = last && last->answer == wanted;
    if (is_so && was_otherwise) {
      co_await sleep_until(base::now() + when.wait);
      co_return std::nullopt;
    }
    was_otherwise = was_otherwise || (last && !is_so);
    co_await sleep_until(base::now() + kPoll);
  }
  co_return fmt::format("probe {} never became {}", when.probe, probe::name_of(wanted));
}

}  // namespace squall::run
