#include "router/nats/nats_session.h"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <random>

#include "base/invariant.h"
#include "router/nats/nats_handles.h"

namespace router::nats {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t in_ms(base::Nanos duration) { return duration_cast<milliseconds>(duration).count(); }

Message value_of(natsMsg* raw) {
  Message message;
  message.subject = natsMsg_GetSubject(raw);
  if (const char* reply = natsMsg_GetReply(raw)) message.reply = reply;
  message.payload.assign(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(raw, &names, &count) != NATS_OK) return message;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(raw, names[i], &value) == NATS_OK && value != nullptr) {
      message.headers.add(names[i], value);
    }
  }
  free(static_cast<void*>(names));  // as libnats asks; it allocates with malloc
  return message;
}

// Where the messages of one subscription go.
struct Sink {
  std::shared_ptr<Inlet> inlet;
  Session::OnMessage on_message;
  Task on_drained;    // of the loop's thread
  bool alive = true;  // of the loop's thread
};

void deliver(natsConnection*, natsSubscription*, natsMsg* raw, void* key) {
  const MessageHandle owned(raw);
  auto sink = CallbackTable<Sink>::of_process().find(key);
  if (!sink) return;
  const auto& inlet = sink->inlet;
  inlet->post([sink, message = value_of(raw)]() mutable {
    if (sink->alive) sink->on_message(std::move(message));
  });
}

// The last thing that libnats does with a subscription; its messages were all delivered before.
void completed(void* key) {
  auto& table = CallbackTable<Sink>::of_process();
  auto sink = table.find(key);
  table.remove(key);
  if (!sink) return;
  const auto& inlet = sink->inlet;
  inlet->post([sink] {
    if (auto drained = std::exchange(sink->on_drained, {})) drained();
  });
}

}  // namespace

// One libnats connection and what the connecting thread waits for.
class Link {
 public:
  ConnectionHandle connection;

  void mark_closed(std::string reason) {
    {
      const std::lock_guard lock(mutex_);
      if (!over_) reason_ = std::move(reason);
      over_ = true;
    }
    changed_.notify_all();
  }
  // Until the connection is closed, by libnats or by us.
  void wait_until_over(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return over_; });
  }
  std::string reason() {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool over_ = false;
  std::string reason_;
};

class SubscriptionState {
 public:
  SubscriptionState(std::shared_ptr<Link> of_link, std::shared_ptr<Sink> to_sink)
      : link(std::move(of_link)), sink(std::move(to_sink)) {}
  SubscriptionState(const SubscriptionState&) = delete;
  SubscriptionState& operator=(const SubscriptionState&) = delete;
  ~SubscriptionState() { sink->alive = false; }

  std::shared_ptr<Link> link;  // outlives the handle below
  std::shared_ptr<Sink> sink;
  SubscriptionHandle handle;
};

namespace {

void closed(natsConnection* connection, void* key) {
  auto& table = CallbackTable<Link>::of_process();
  auto link = table.find(key);
  table.remove(key);
  const char* reason = nullptr;
  natsConnection_GetLastError(connection, &reason);
  if (link) link->mark_closed(reason == nullptr ? "" : reason);
}

// Without an error callback libnats prints to stderr. What matters arrives as a status or a time-out.
void ignore_async_error(natsConnection*, natsSubscription*, natsStatus, void*) {}

// Lets the watchdog see a call that may hang.
class LibraryCall {
 public:
  LibraryCall(std::atomic<std::uint64_t>& steps, std::atomic<bool>& inside) : inside_(inside) {
    steps.fetch_add(1, std::memory_order_relaxed);
    inside_.store(true, std::memory_order_relaxed);
  }
  LibraryCall(const LibraryCall&) = delete;
  LibraryCall& operator=(const LibraryCall&) = delete;
  ~LibraryCall() { inside_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool>& inside_;
};

base::Nanos random_up_to(base::Nanos limit) {
  thread_local std::minstd_rand dice{std::random_device{}()};
  if (limit <= base::Nanos::zero()) return base::Nanos::zero();
  return base::Nanos(std::uniform_int_distribution<std::int64_t>(0, limit.count())(dice));
}

OptionsHandle make_options(const SessionOptions& wanted, const std::vector<std::string>& discovered,
                           void* key) {
  OptionsHandle options;
  SQUALL_CHECK(natsOptions_Create(options.out()) == NATS_OK);
  std::vector<const char*> urls;
  for (const auto& url : wanted.urls) urls.push_back(url.c_str());
  for (const auto& url : discovered) urls.push_back(url.c_str());
  natsOptions* raw = options.get();
  natsOptions_SetServers(raw, urls.data(), static_cast<int>(urls.size()));
  natsOptions_SetName(raw, wanted.name.c_str());
  natsOptions_SetAllowReconnect(raw, false);
  natsOptions_SetTimeout(raw, in_ms(wanted.connect_timeout));
  natsOptions_SetPingInterval(raw, in_ms(wanted.ping_interval));
  natsOptions_SetMaxPingsOut(raw, wanted.max_pings_out);
  natsOptions_SetIgnoreDiscoveredServers(raw, wanted.ignore_discovered_servers);
  // Publishes go to the socket at once instead of up to 1 ms later, but never block the loop for longer than
  // a dead connection takes to be noticed anyway.
  natsOptions_SetSendAsap(raw, true);
  natsOptions_SetWriteDeadline(raw, in_ms(wanted.connect_timeout));
  natsOptions_SetClosedCB(raw, closed, key);
  natsOptions_SetErrorHandler(raw, ignore_async_error, nullptr);
  return options;
}

std::vector<std::string> servers_learnt_from(natsConnection* connection) {
  char** servers = nullptr;
  int count = 0;
  std::vector<std::string> urls;
  if (natsConnection_GetDiscoveredServers(connection, &servers, &count) != NATS_OK) return urls;
  for (int i = 0; i < count; ++i) {
    urls.emplace_back(servers[i]);
    free(servers[i]);
  }
  free(static_cast<void*>(servers));
  return urls;
}

std::string url_of(natsConnection* connection) {
  std::array<char, 512> buffer{};
  natsConnection_GetConnectedUrl(connection, buffer.data(), buffer.size());
  return buffer.data();
}

}  // namespace

Session::Session(EventLoop& loop, SessionOptions options) : loop_(loop), options_(std::move(options)) {}

Session::~Session() {
  if (!connector_.joinable()) return;
  connector_.request_stop();
  connector_.join();
}

void Session::start() {
  connector_ = std::jthread([this](const std::stop_token& stop) { connect_until_stopped(stop); });
}

void Session::connect_until_stopped(const std::stop_token& stop) {
  std::uint64_t attempts = 0;  // since the last connection
  std::optional<base::Instant> lost_at;
  std::string said;
  while (!stop.stop_requested()) {
    const auto began = base::now();
    ++attempts;
    std::string error;
    auto link = try_connect(error);
    if (!link) {
      if (error != said) {  // once, not 100 times a second
        said = error;
        loop_.post([this, now = SessionReport{
                              .state = lost_at ? ConnectionState::reconnecting : ConnectionState::waiting,
                              .reason = error,
                              .attempts = attempts}] { report(now); });
      }
      if (options_.give_up_after > 0 && lost_at &&
          attempts >= static_cast<std::uint64_t>(options_.give_up_after)) {
        loop_.post([this, attempts] {
          report({.state = ConnectionState::given_up, .reason = "gave up", .attempts = attempts});
        });
        return;
      }
      pause(stop, options_.reconnect_wait + random_up_to(options_.reconnect_jitter));
      continue;
    }
    said.clear();
    SessionReport now{.state = ConnectionState::connected,
                      .server = url_of(link->connection.get()),
                      .outage = lost_at ? base::now() - *lost_at : base::Nanos::zero(),
                      .attempts = attempts};
    loop_.post([this, link, now] { connected_on_loop(link, now); });
    link->wait_until_over(stop);
    lost_at = base::now();
    attempts = 0;
    if (!options_.ignore_discovered_servers) discovered_ = servers_learnt_from(link->connection.get());
    {
      const LibraryCall watched(steps_, in_library_);
      natsConnection_Close(link->connection.get());
    }
    if (stop.stop_requested()) return;
    loop_.post([this, link, reason = link->reason()] {
      lost_on_loop(link, {.state = ConnectionState::reconnecting, .reason = reason});
    });
    // At once, unless the connection did not even live that long.
    if (base::now() - began < options_.reconnect_wait) pause(stop, options_.reconnect_wait);
  }
}

std::shared_ptr<Link> Session::try_connect(std::string& error) {
  auto link = std::make_shared<Link>();
  auto& table = CallbackTable<Link>::of_process();
  void* const key = table.add(link);
  const auto options = make_options(options_, discovered_, key);
  attempts_.fetch_add(1, std::memory_order_relaxed);
  natsStatus status = NATS_OK;
  {
    const LibraryCall watched(steps_, in_library_);
    status = natsConnection_Connect(link->connection.out(), options.get());
  }
  if (status == NATS_OK) return link;
  table.remove(key);
  error = natsStatus_GetText(status);
  return nullptr;
}

bool Session::pause(const std::stop_token& stop, base::Nanos duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

void Session::connected_on_loop(const std::shared_ptr<Link>& link, SessionReport report_now) {
  link_ = link;
  // First what makes messages flow again, then what tells about it.
  for (const auto& callback : on_connected_) callback();
  report(report_now);
}

void Session::lost_on_loop(const std::shared_ptr<Link>& link, SessionReport report_now) {
  SQUALL_CHECK(link_ == link);
  link_.reset();
  report(report_now);
  for (const auto& callback : on_lost_) callback();
}

void Session::report(const SessionReport& now) {
  if (on_report_) on_report_(now);
}

Sent Session::publish(std::string_view subject, std::string_view payload, std::string_view reply,
                      const Headers& headers) {
  if (!link_) return Sent::disconnected;
  MessageHandle message;
  const std::string to(subject);
  const std::string reply_to(reply);
  natsStatus status = natsMsg_Create(message.out(), to.c_str(), reply.empty() ? nullptr : reply_to.c_str(),
                                     payload.data(), static_cast<int>(payload.size()));
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Add(message.get(), name.c_str(), value.c_str());
  }
  if (status == NATS_OK) status = natsConnection_PublishMsg(link_->connection.get(), message.get());
  switch (status) {
    case NATS_OK:
      return Sent::ok;
    case NATS_MAX_PAYLOAD:
      return Sent::too_large;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
      return Sent::bad_subject;
    default:
      // After a failed write the stream of bytes may have ended in the middle of a frame: never use it again.
      link_->mark_closed(fmt::format("publish: {}", natsStatus_GetText(status)));
      return Sent::disconnected;
  }
}

Subscription Session::subscribe(const std::string& subject, OnMessage on_message, const std::string& queue) {
  if (!link_) return nullptr;
  auto sink = std::make_shared<Sink>(loop_.inlet(), std::move(on_message), Task{});
  auto state = std::make_shared<SubscriptionState>(link_, sink);
  auto& table = CallbackTable<Sink>::of_process();
  void* const key = table.add(sink);
  natsConnection* const connection = link_->connection.get();
  natsStatus status =
      queue.empty() ? natsConnection_Subscribe(state->handle.out(), connection, subject.c_str(), deliver, key)
                    : natsConnection_QueueSubscribe(state->handle.out(), connection, subject.c_str(),
                                                    queue.c_str(), deliver, key);
  if (status == NATS_OK) status = natsSubscription_SetOnCompleteCB(state->handle.get(), completed, key);
  if (status == NATS_OK) return state;
  table.remove(key);
  link_->mark_closed(fmt::format("subscribe to {}: {}", subject, natsStatus_GetText(status)));
  return nullptr;
}

void Session::drain(const Subscription& subscription, Task done) {
  if (!subscription || natsSubscription_Drain(subscription->handle.get()) != NATS_OK) {
    loop_.post(std::move(done));
    return;
  }
  subscription->sink->on_drained = std::move(done);
}

bool Session::flush(base::Nanos timeout) {
  return link_ && natsConnection_FlushTimeout(link_->connection.get(), in_ms(timeout)) == NATS_OK;
}

std::string new_inbox() {
  std::random_device dice;
  return fmt::format("_INBOX.{:08x}{:08x}{:08x}", dice(), dice(), dice());
}

}  // namespace router::nats
