#include "run/abort_watch.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace squall::run {
namespace {

constexpr base::Nanos kLook = std::chrono::milliseconds(20);

}  // namespace

// Ticks on a timer of its own instead of in a task: what it throws must come out of the wait that goes on.
struct AbortWatch::State : std::enable_shared_from_this<AbortWatch::State> {
  State(Session& of_run, RunningSystem& running, std::vector<experiment::AbortCondition> all)
      : session(of_run), system(running), timer(of_run.io()) {
    for (experiment::AbortCondition& condition : all) watched.push_back({std::move(condition), {}});
  }

  void tick() {
    timer.expires_after(kLook);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->look();  // throws at most once: then there is no next tick
      self->tick();
    });
  }

  void look() {
    const base::Instant now = base::now();
    for (Watched& each : watched) {
      if (each.condition.probe.empty()) {
        if (session.since_start(now) < each.condition.after) continue;
        return session.abort(
            fmt::format("the run took longer than {}", base::format_duration(each.condition.after)));
      }
      const auto last = system.last_answer(each.condition.probe);
      // Who does not answer is no greener than who says no.
      if (!last || last->answer == probe::Answer::kGreen) {
        each.red_since.reset();
        continue;
      }
      if (!each.red_since) each.red_since = last->answered_at;
      if (now - *each.red_since < each.condition.red_for) continue;
      return session.abort(fmt::format("probe {} was red for {}: {}", each.condition.probe,
                                       base::format_duration(now - *each.red_since), last->reason));
    }
  }

  struct Watched {
    experiment::AbortCondition condition;
    std::optional<base::Instant> red_since;
  };
  Session& session;
  RunningSystem& system;
  boost::asio::steady_timer timer;
  std::vector<Watched> watched;
};

AbortWatch::AbortWatch(Session& session, RunningSystem& system,
                       std::vector<experiment::AbortCondition> conditions)
    : state_(std::make_shared<State>(session, system, std::move(conditions))) {
  if (!state_->watched.empty()) state_->tick();
}

AbortWatch::~AbortWatch() { state_->timer.cancel(); }

}  // namespace squall::run
