// Lame duck mode (SIGUSR2): the server closes its client port at once, and sends its clients away in the next
// minutes. What is left of it at the heal is ended.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "inject/reversible.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kLookAgain = std::chrono::milliseconds{2};

// On loopback the kernel answers at once.
bool somebody_listens(std::uint16_t port) {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

class LameDuckFault : public Reversible {
 public:
  LameDuckFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const auto armed =
        around_.safety.arm(around_.fault_name, fault::RestartServer{fault_.target}, fault_.duration);
    if (!armed) co_return base::fail_within("not sent", armed.error());
    entry_ = *armed;
    active_ = true;
    const base::Instant injected_at = base::now();
    if (const auto sent = around_.server->signal(SIGUSR2); !sent) co_return std::unexpected(sent.error());
    bool closed = false;
    while (!closed && base::now() < deadline) {
      closed = !around_.server->running() || !somebody_listens(around_.server->client_port());
      if (!closed) co_await wait_shortly(kLookAgain);
    }
    around_.safety.reached(Stage::kActive);
    if (!closed) {
      co_return Injected{
          .injected_at = injected_at, .effect_at = {}, .observation = fault_.target + " still takes clients"};
    }
    co_return Injected{
        .injected_at = injected_at,
        .effect_at = base::now(),
        .observation = fmt::format("{} takes no clients any more, {} after SIGUSR2", fault_.target,
                                   base::format_duration(base::now() - injected_at))};
  }

  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("it is no lame duck");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    // A lame duck is on its way out: SIGTERM would not make it quicker.
    const auto started = co_await around_.server->restart(base::Nanos{0}, deadline);
    if (!started) {
      co_return Healed{.healed_at = healed_at, .effect_at = {}, .observation = started.error().message()};
    }
    active_ = false;
    co_return heal_seen(around_.safety, entry_,
                        {.healed_at = healed_at,
                         .effect_at = started->info_at,
                         .observation = "another process has its place"});
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_lame_duck(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<LameDuckFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject
