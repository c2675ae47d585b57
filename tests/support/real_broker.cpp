#include "tests/support/real_broker.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <future>
#include <utility>

#include "base/unique_fd.h"
#include "process/spawn.h"

namespace testing_support {

using namespace std::chrono_literals;
using nlohmann::json;
using router::nats::Publication;
using router::nats::PublishOutcome;

namespace {

bool accepts_connections(int port) {
  const squall::base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

RealBroker::RealBroker(const Scratch& scratch) : folder_(scratch / "nats") {
  std::filesystem::create_directories(folder_);
  start();
}

RealBroker::~RealBroker() { kill(); }

void RealBroker::start() {
  std::vector<std::string> command{
      "/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", std::to_string(port_), "-js", "-sd", folder_, "-l",
      folder_ + "/nats.log"};
  if (port_ < 0) command.insert(command.end(), {"--ports_file_dir", folder_});
  auto child = squall::process::spawn(
      {.command = command, .environment = {}, .working_directory = {}, .inherited_fds = {}});
  ASSERT_TRUE(child) << child.error().message();
  pid_ = child->pid;
  if (port_ < 0) {
    const auto ports = fmt::format("{}/nats-server_{}.ports", folder_, pid_);
    json read;
    ASSERT_TRUE(eventually([&] {
      read = json::parse(content_of(ports), nullptr, false);
      return read.is_object();
    })) << "no ports file";
    url_ = read["nats"][0];
    port_ = std::stoi(url_.substr(url_.rfind(':') + 1));
  }
  ASSERT_TRUE(eventually([&] { return accepts_connections(port_); }));
}

void RealBroker::signal(int number) const { ::kill(pid_, number); }

void RealBroker::kill() {
  if (pid_ == 0) return;
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

BlockingClient::BlockingClient(const std::string& url)
    : session_(loop_, {.urls = {url}, .name = "test"}),
      requests_(loop_, session_),
      publisher_(requests_, 2s) {
  const auto connected = std::make_shared<std::promise<void>>();
  session_.on_connected([connected, once = true]() mutable {
    if (std::exchange(once, false)) connected->set_value();
  });
  session_.start();
  thread_ = std::jthread([this] { loop_.run(); });
  connected->get_future().wait();
}

BlockingClient::~BlockingClient() {
  loop_.post([this] {
    subscriptions_.clear();
    loop_.quit();
  });
  thread_.join();
}

template <typename T>
T BlockingClient::wait_for(std::move_only_function<void(std::move_only_function<void(T)>)> start) {
  // Shared: the loop may still be inside set_value() when the waiting thread is gone.
  const auto promise = std::make_shared<std::promise<T>>();
  loop_.post([promise, start = std::move(start)]() mutable {
    start([promise](T value) { promise->set_value(std::move(value)); });
  });
  return promise->get_future().get();
}

PublishOutcome BlockingClient::publish(const Publication& publication) {
  return wait_for<PublishOutcome>([&](auto done) {
    publisher_.publish(
        publication, [done = std::move(done)](PublishOutcome outcome) mutable { done(std::move(outcome)); });
  });
}

void BlockingClient::publish_until_acked(const std::vector<Publication>& publications, int window) {
  struct State {
    std::deque<const Publication*> left;
    std::size_t acked = 0;
  };
  const auto state = std::make_shared<State>();
  for (const auto& publication : publications) state->left.push_back(&publication);
  wait_for<bool>([&](auto all_done) {
    auto done = std::make_shared<std::move_only_function<void(bool)>>(std::move(all_done));
    const auto next = std::make_shared<std::function<void()>>();
    *next = [this, state, done, weak = std::weak_ptr(next), total = publications.size()] {
      const auto self = weak.lock();
      if (state->left.empty()) return;
      const auto* publication = state->left.front();
      state->left.pop_front();
      publisher_.publish(*publication,
                         [this, state, done, self, publication, total](const PublishOutcome& outcome) {
                           using Kind = PublishOutcome::Kind;
                           if (outcome.kind == Kind::stored || outcome.kind == Kind::exists) {
                             if (++state->acked == total) {
                               (*done)(true);
                               return;
                             }
                             (*self)();
                             return;
                           }
                           state->left.push_back(publication);
                           loop_.after(10ms, [self] { (*self)(); });
                         });
    };
    for (int i = 0; i < window; ++i) (*next)();
  });
}

std::optional<std::string> BlockingClient::ask(const std::string& subject, const std::string& body) {
  return wait_for<std::optional<std::string>>([&](auto done) {
    requests_.request(subject, body, 2s,
                      [done = std::move(done)](const router::nats::Answer& answer) mutable {
                        done(answer ? std::optional(answer->payload) : std::nullopt);
                      });
  });
}

json BlockingClient::ask_json(const std::string& subject, const json& body) {
  const auto answer = ask(subject, body.is_null() ? "" : body.dump());
  return answer ? json::parse(*answer, nullptr, false) : json();
}

void BlockingClient::listen(const std::string& subject) {
  wait_for<bool>([&](auto done) {
    subscriptions_[subject] = session_.subscribe(subject, [this](router::nats::Message message) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(std::move(message));
    });
    session_.flush(1s);
    done(true);
  });
}

std::vector<router::nats::Message> BlockingClient::heard() {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::uint64_t BlockingClient::stored(const std::string& stream) {
  const auto info = ask_json("$JS.API.STREAM.INFO." + stream);
  return info.is_object() && info.contains("state") ? info["state"]["messages"].get<std::uint64_t>() : 0;
}

std::map<std::string, int> BlockingClient::count_by_request(const std::string& stream) {
  std::map<std::string, int> counts;
  const auto info = ask_json("$JS.API.STREAM.INFO." + stream);
  const std::uint64_t last = info["state"]["last_seq"];
  for (std::uint64_t sequence = info["state"]["first_seq"]; sequence <= last; ++sequence) {
    const auto stored = wait_for<router::nats::StoredAnswer>([&](auto done) {
      requests_.request("$JS.API.STREAM.MSG.GET." + stream, json{{"seq", sequence}}.dump(), 2s,
                        [done = std::move(done)](const router::nats::Answer& answer) mutable {
                          done(router::nats::stored_in(answer));
                        });
    });
    if (stored) ++counts[json::parse(stored->payload).value("request_id", "none")];
  }
  return counts;
}

json BlockingClient::consumer(const std::string& stream, const std::string& durable) {
  return ask_json(fmt::format("$JS.API.CONSUMER.INFO.{}.{}", stream, durable));
}

}  // namespace testing_support
