// A signal that its target may survive. What is proven is that it was taken: /proc shows which signals a
// process ignores, blocks, and has pending.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "inject/reversible.h"
#include "process/pid_fd.h"
#include "process/proc_status.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kLookAgain = std::chrono::milliseconds{1};

int number_of(const std::string& name) {
  static const std::map<std::string, int> kNumbers{
      {"HUP", SIGHUP},     {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"TERM", SIGTERM}, {"USR1", SIGUSR1},
      {"USR2", SIGUSR2},   {"ALRM", SIGALRM}, {"PIPE", SIGPIPE}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT},
      {"WINCH", SIGWINCH}, {"URG", SIGURG},   {"ABRT", SIGABRT}, {"SEGV", SIGSEGV}, {"BUS", SIGBUS},
      {"FPE", SIGFPE},     {"ILL", SIGILL},   {"TRAP", SIGTRAP}, {"SYS", SIGSYS},   {"XCPU", SIGXCPU},
      {"KILL", SIGKILL}};
  return kNumbers.at(name);
}

// The masks of /proc/PID/status, by their names ("SigIgn"); empty: the process is gone.
std::map<std::string, std::uint64_t> masks_of(pid_t pid) {
  std::map<std::string, std::uint64_t> masks;
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (name != "SigIgn" && name != "SigBlk" && name != "SigPnd" && name != "ShdPnd") continue;
    masks[name] = std::stoull(line.substr(colon + 1), nullptr, 16);
  }
  return masks;
}

bool has(const std::map<std::string, std::uint64_t>& masks, const char* name, int signal) {
  const auto mask = masks.find(name);
  return mask != masks.end() && ((mask->second >> (signal - 1)) & 1) != 0;
}

class SignalFault : public Reversible {
 public:
  SignalFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const int signal = number_of(fault_.text("signal"));
    const std::vector<process::ProcStatus> targets = chosen();
    if (targets.empty()) co_return base::fail("no process of {} is there to take it", fault_.target);
    const base::Instant injected_at = base::now();
    for (const process::ProcStatus& target : targets) {
      const auto process = process::PidFd::open(target.identity);
      if (!process) continue;  // gone meanwhile
      if (has(masks_of(target.identity.pid), "SigIgn", signal)) {
        co_return Injected{
            .injected_at = injected_at,
            .effect_at = {},
            .observation = fmt::format("{} ignores SIG{}", target.describe(), fault_.text("signal"))};
      }
      if (const auto sent = process->signal(signal); !sent) co_return std::unexpected(sent.error());
    }
    // Beyond this point it is sent; whether it is taken is up to the targets.
    while (true) {
      const auto waiting = std::ranges::find_if(targets, [&](const process::ProcStatus& target) {
        if (!process::is_alive(target.identity)) return false;
        const auto masks = masks_of(target.identity.pid);
        return has(masks, "SigPnd", signal) || has(masks, "ShdPnd", signal);
      });
      const base::Instant now = base::now();
      if (waiting == targets.end()) {
        const auto gone = std::ranges::count_if(
            targets, [](const process::ProcStatus& each) { return !process::is_alive(each.identity); });
        co_return Injected{
            .injected_at = injected_at,
            .effect_at = now,
            .observation = fmt::format("{} of {} processes took SIG{} after {}, {} of them ended",
                                       targets.size(), fault_.target, fault_.text("signal"),
                                       base::format_duration(now - injected_at), gone)};
      }
      if (now >= deadline) {
        co_return Injected{
            .injected_at = injected_at,
            .effect_at = {},
            .observation = fmt::format("{} blocks SIG{}", waiting->describe(), fault_.text("signal"))};
      }
      co_await wait_shortly(kLookAgain);
    }
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    co_return nothing_to_heal("nothing is left of a signal");
  }

 private:
  std::vector<process::ProcStatus> chosen() const {
    std::vector<process::ProcStatus> all;
    const std::string& to = fault_.text("to");
    for (const Surroundings::Target& target : around_.processes) {
      std::vector<process::ProcStatus> members = target.tree.members();
      const process::ProcessIdentity root = target.tree.root().identity;
      if (to == "process")
        std::erase_if(members, [&](const auto& member) { return member.identity != root; });
      if (to == "children" || to == "child") {
        std::erase_if(members, [&](const auto& member) { return member.identity == root; });
      }
      if (to == "child" && !members.empty()) {
        members = {*std::ranges::max_element(members, {},
                                             [](const auto& member) { return member.identity.start_ticks; })};
      }
      all.insert(all.end(), members.begin(), members.end());
    }
    return all;
  }

  fault::OnTarget fault_;
  Surroundings around_;
};

}  // namespace

std::unique_ptr<Reversible> make_signal(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<SignalFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject
