// What libnats alone does on the same server: the peer without any ledger. Prints one JSON line, as
// throughput_bench does.
//   libnats_peer PORT MODE COUNT SIZE
//   MODE: js-sync, js-async, core: publishes so many messages to `bench`; js-read: fetches and acknowledges
//   so many of the stream BENCH, which must be there
#include <nats/nats.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "measured.h"

namespace {

using namespace squall::bench;

void must(natsStatus status) {
  if (status == NATS_OK) return;
  std::cerr << "libnats_peer: " << natsStatus_GetText(status) << ": " << nats_GetLastError(nullptr) << "\n";
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread of ours
}

template <auto Destroy>
struct Destroyer {
  void operator()(auto* what) const { Destroy(what); }
};
using Connection = std::unique_ptr<natsConnection, Destroyer<natsConnection_Destroy>>;
using JetStream = std::unique_ptr<jsCtx, Destroyer<jsCtx_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;

constexpr int kInFlight = 4096;  // as throughput_bench
constexpr int kFetch = 512;      // as its reader
constexpr std::int64_t kTimeoutMs = 10'000;

Connection connect(int port) {
  natsConnection* connection = nullptr;
  must(natsConnection_ConnectTo(&connection, ("nats://127.0.0.1:" + std::to_string(port)).c_str()));
  return Connection(connection);
}

JetStream jetstream(natsConnection* connection) {
  jsOptions options;
  must(jsOptions_Init(&options));
  options.PublishAsync.MaxPending = kInFlight;
  jsCtx* context = nullptr;
  must(natsConnection_JetStream(&context, connection, &options));
  return JetStream(context);
}

void publish(natsConnection* connection, const std::string& mode, std::uint64_t count,
             const std::string& payload) {
  const auto size = static_cast<int>(payload.size());
  if (mode == "core") {
    for (std::uint64_t i = 0; i < count; ++i)
      must(natsConnection_Publish(connection, "bench", payload.data(), size));
    must(natsConnection_Flush(connection));
    return;
  }
  const JetStream context = jetstream(connection);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (mode == "js-sync") {
      must(js_Publish(nullptr, context.get(), "bench", payload.data(), size, nullptr, nullptr));
    } else {
      must(js_PublishAsync(context.get(), "bench", payload.data(), size, nullptr));
    }
  }
  if (mode == "js-async") must(js_PublishAsyncComplete(context.get(), nullptr));
}

void fetch(natsConnection* connection, std::uint64_t count) {
  const JetStream context = jetstream(connection);
  jsSubOptions options;
  must(jsSubOptions_Init(&options));
  options.Stream = "BENCH";
  options.Config.MaxAckPending = kInFlight;
  natsSubscription* subscribed = nullptr;
  must(js_PullSubscribe(&subscribed, context.get(), "bench", nullptr, nullptr, &options, nullptr));
  const Subscription subscription(subscribed);
  for (std::uint64_t got = 0; got < count;) {
    natsMsgList batch{};
    must(natsSubscription_Fetch(&batch, subscription.get(), kFetch, kTimeoutMs, nullptr));
    for (int i = 0; i < batch.Count; ++i) must(natsMsg_Ack(batch.Msgs[i], nullptr));
    got += static_cast<std::uint64_t>(batch.Count);
    natsMsgList_Destroy(&batch);
  }
  must(natsConnection_Flush(connection));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: libnats_peer PORT MODE COUNT SIZE\n";
    return 2;
  }
  const std::string mode = argv[2];
  const std::uint64_t count = std::stoull(argv[3]);
  const std::string payload(std::stoul(argv[4]), 'x');
  {
    const Connection connection = connect(std::stoi(argv[1]));
    const Measured measured;
    if (mode == "js-read") {
      fetch(connection.get(), count);
    } else {
      publish(connection.get(), mode, count, payload);
    }
    std::cout << measured.line(mode, count, "") << "\n";
  }
  nats_Close();
}
