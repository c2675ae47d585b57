#include "inject/kill.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace squall::inject {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kLookAgain = std::chrono::microseconds{500};

asio::awaitable<void> pause_shortly() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kLookAgain);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

std::string gone_after(std::string_view what, int signal, base::Nanos time) {
  return fmt::format("{} gone {} after {}", what, base::format_duration(time), process::signal_name(signal));
}

}  // namespace

asio::awaitable<base::Result<Injected>> kill_process(process::ProcessIdentity target, int signal,
                                                     base::Instant deadline) {
  auto process = process::PidFd::open(target);
  if (!process) co_return base::fail_within("cannot kill", process.error());
  const base::Instant injected_at = base::now();
  const auto sent = process->signal(signal);
  if (!sent) co_return base::fail_within("cannot kill", sent.error());

  const auto gone_at = co_await process->wait_exit(deadline);
  const std::string what = fmt::format("pid {}", target.pid);
  if (!gone_at) {
    co_return Injected{.injected_at = injected_at,
                       .effect_at = {},
                       .observation = fmt::format("{} outlives {}", what, process::signal_name(signal))};
  }
  co_return Injected{.injected_at = injected_at,
                     .effect_at = gone_at,
                     .observation = gone_after(what, signal, *gone_at - injected_at)};
}

asio::awaitable<base::Result<Injected>> kill_tree(process::ProcessTree tree, int signal,
                                                  base::Instant deadline) {
  const auto first_look = tree.members();
  if (first_look.empty()) {
    co_return base::fail("cannot kill: nothing lives of the tree of pid {}", tree.root().identity.pid);
  }
  std::vector<process::PidFd> struck;
  const base::Instant injected_at = base::now();
  for (const process::ProcStatus& member : first_look) {
    auto process = process::PidFd::open(member.identity);
    if (!process) continue;  // it ended by itself meanwhile, as members do when their parent dies
    const auto sent = process->signal(signal);
    if (!sent) co_return base::fail_within("cannot kill", sent.error());
    struck.push_back(*std::move(process));
  }
  base::Instant gone_at = injected_at;
  for (const process::PidFd& process : struck) {
    if (const auto exit_at = co_await process.wait_exit(deadline)) gone_at = std::max(gone_at, *exit_at);
  }

  // What was forked between the look and the signal. Two clean looks, since a look is no snapshot.
  std::vector<process::ProcStatus> left;
  for (int clean = 0; clean < 2;) {
    left = tree.members();
    clean = left.empty() ? clean + 1 : 0;
    if (!left.empty() && base::now() >= deadline) break;
    if (!left.empty()) gone_at = base::now();
    if (!left.empty() && signal == SIGKILL) (void)tree.kill_all(base::Nanos{0});
    co_await pause_shortly();
  }
  if (!left.empty()) {
    co_return Injected{
        .injected_at = injected_at,
        .effect_at = {},
        .observation = fmt::format("{} of {} processes outlive {}: {} …", left.size(), first_look.size(),
                                   process::signal_name(signal), left.front().describe())};
  }
  const std::string what =
      fmt::format("{} processes from pid {} on", first_look.size(), tree.root().identity.pid);
  co_return Injected{.injected_at = injected_at,
                     .effect_at = gone_at,
                     .observation = gone_after(what, signal, gone_at - injected_at)};
}

asio::awaitable<base::Result<Injected>> kill_children(process::ProcessTree tree, bool only_youngest,
                                                      int signal, base::Instant deadline) {
  std::vector<process::ProcStatus> children = tree.members();
  std::erase_if(children, [&](const auto& member) { return member.identity == tree.root().identity; });
  if (children.empty()) co_return base::fail("pid {} has no children", tree.root().identity.pid);
  if (only_youngest) {
    children = {*std::ranges::max_element(children, {}, [](const auto& member) {
      return std::pair(member.identity.start_ticks, member.identity.pid);
    })};
  }
  std::vector<process::PidFd> struck;
  const base::Instant injected_at = base::now();
  for (const process::ProcStatus& child : children) {
    auto process = process::PidFd::open(child.identity);
    if (!process) continue;  // gone with one before it
    const auto sent = process->signal(signal);
    if (!sent) co_return base::fail_within("cannot kill", sent.error());
    struck.push_back(*std::move(process));
  }
  base::Instant gone_at = injected_at;
  for (const process::PidFd& process : struck) {
    const auto exit_at = co_await process.wait_exit(deadline);
    if (!exit_at) {
      co_return Injected{.injected_at = injected_at,
                         .effect_at = {},
                         .observation = fmt::format("a child of pid {} outlives {}", tree.root().identity.pid,
                                                    process::signal_name(signal))};
    }
    gone_at = std::max(gone_at, *exit_at);
  }
  const std::string what = fmt::format("{} of pid {}", only_youngest ? "the youngest child" : "the children",
                                       tree.root().identity.pid);
  co_return Injected{.injected_at = injected_at,
                     .effect_at = gone_at,
                     .observation = gone_after(what, signal, gone_at - injected_at)};
}

}  // namespace squall::inject
