// A router whose roles do nothing but live: the process tests start it, so that they need no broker. Each
// role connects to nothing, says that it is ready, and obeys IDLE_ROLE from the environment:
//   "" waits for stop    exit:<name>:<ms>:<code>  that process exits by itself after a while, each time
//   hang:<name>          that process ignores stop (the drain deadline must end it)
//   throw:<name>         an exception escapes it    fork:<name>  it leaves a grandchild in a session of its
//   own
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "router/cli/command_line.h"

namespace {

using namespace std::chrono_literals;
using squall::base::now;

std::vector<std::string> wish_for(const std::string& name) {
  const char* text = std::getenv("IDLE_ROLE");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  std::vector<std::string> words;
  std::stringstream stream(text == nullptr ? "" : text);
  for (std::string word; std::getline(stream, word, ':');) words.push_back(word);
  return words.size() >= 2 && words[1] == name ? words : std::vector<std::string>{""};
}

// Stands for anything that outlives its parent: it asks for no death signal.
void leave_grandchild(const std::string& pid_file) {
  if (fork() != 0) return;
  setsid();
  const std::string pid = std::to_string(getpid()) + "\n";
  const int file = open(pid_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  (void)!write(file, pid.data(), pid.size());
  close(file);
  while (true) pause();
}

int idle(router::supervise::RoleContext& context) {
  const std::vector<std::string> wish = wish_for(context.slot.name());
  if (wish[0] == "throw") throw std::runtime_error("as wished");
  if (wish[0] == "fork") leave_grandchild(wish.at(2));
  context.slot.set_nats_status(router::board::NatsStatus::connected);
  context.slot.set_consuming(true);
  context.slot.count(router::board::Counter::jetstream_ack);
  context.log.info("idle");
  const auto began = now();
  while (wish[0] == "hang" || !context.stop.stop_requested()) {
    context.slot.beat(now());
    if (wish[0] == "exit" && now() - began >= std::chrono::milliseconds(std::stoi(wish.at(2)))) {
      return std::stoi(wish.at(3));
    }
    std::this_thread::sleep_for(2ms);
  }
  context.slot.set_consuming(false);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using router::board::Role;
  return router::cli::run_command_line(argc, argv,
                                       {{Role::decide, idle}, {Role::result, idle}, {Role::admin, idle}});
}
