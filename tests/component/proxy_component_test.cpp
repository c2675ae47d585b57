// Links of the proxy on real sockets: bytes, ends, limits. Its byte faults are in link_faults_component_test.
#include <sys/resource.h>

#include <thread>

#include "support/proxied_link.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using testing::RawListener;
using testing::RawSocket;

class ProxyLink : public testing::ProxiedLink {
 protected:
  template <typename Condition>
  bool until(Condition condition) {
    for (const auto deadline = base::now() + 20s; base::now() < deadline;) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }
};

std::string pattern(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  return bytes;
}

TEST_F(ProxyLink, CarriesMegabytesBothWaysUnchanged) {
  open();
  Pair pair = connect();
  const std::string up = pattern(3'000'000);
  const std::string down = pattern(5'000'001);
  std::thread client([&] { pair.client.send(up); });
  std::thread server([&] { pair.server.send(down); });
  std::string got_down;
  std::thread reader([&] { got_down = pair.client.receive(down.size()); });
  EXPECT_EQ(pair.server.receive(up.size()), up);
  reader.join();
  EXPECT_EQ(got_down, down);
  client.join();
  server.join();
  EXPECT_EQ(status().bytes_up, up.size());
  EXPECT_EQ(status().bytes_down, down.size());
}

TEST_F(ProxyLink, PassesHalfACloseAndThenTheOther) {
  open();
  Pair pair = connect();
  pair.client.send("last words");
  pair.client.end();
  EXPECT_EQ(pair.server.receive(100), "last words");
  EXPECT_EQ(pair.server.how_it_ends(), "end");
  pair.server.send("heard");
  EXPECT_EQ(pair.client.receive(5), "heard");
  pair.server.close();
  EXPECT_EQ(pair.client.how_it_ends(), "end");
  EXPECT_TRUE(until([&] { return status().connections == 0; }));
}

TEST_F(ProxyLink, PassesAResetInEitherDirection) {
  open();
  Pair one = connect();
  one.client.reset();
  EXPECT_EQ(one.server.how_it_ends(), "reset");
  Pair other = connect();
  other.server.reset();
  EXPECT_EQ(other.client.how_it_ends(), "reset");
}

TEST_F(ProxyLink, ResetsAClientWhoseUpstreamIsDown) {
  std::uint16_t nobody = 0;
  {
    RawListener gone;
    nobody = gone.port();
  }
  open({.upstream = "127.0.0.1:" + std::to_string(nobody)});
  RawSocket client = RawSocket::dial(port_);
  EXPECT_EQ(client.how_it_ends(), "reset");
  EXPECT_EQ(status().refused, 1U);
}

TEST_F(ProxyLink, SaysWhichPortIsInUse) {
  const LinkSettings settings{
      .name = "taken", .listen = "127.0.0.1:" + std::to_string(upstream_.port()), .upstream = "127.0.0.1:1"};
  const auto link = proxy_.call([&](Links& links) { return links.add(settings); });
  ASSERT_FALSE(link);
  EXPECT_EQ(
      link.error().message(),
      fmt::format("link taken: cannot listen on 127.0.0.1:{}: Address already in use", upstream_.port()));
}

TEST_F(ProxyLink, IsRefusedWhileItIsOffAndComesBackOnItsPort) {
  open();
  Pair pair = connect();
  LinkSettings settings = status().settings;
  settings.enabled = false;
  ASSERT_TRUE(proxy_.call([&](Links& links) { return links.update("link", settings); }));
  EXPECT_NE(pair.client.how_it_ends(), "open");
  EXPECT_EQ(RawSocket::dial(port_).error(), ECONNREFUSED);
  settings.enabled = true;
  ASSERT_TRUE(proxy_.call([&](Links& links) { return links.update("link", settings); }));
  pair.server.close();
  expect_as_new();
}

TEST_F(ProxyLink, KeepsOldConnectionsAndRefusesNewOnesWithoutDescriptors) {
  open();
  Pair pair = connect();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<base::UniqueFd> fill;
  rlimit low = limit;
  low.rlim_cur = 64;
  ::setrlimit(RLIMIT_NOFILE, &low);
  base::UniqueFd dialling(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fill.emplace_back(fd);
  const sockaddr_in address = testing::loopback(port_);
  EXPECT_EQ(::connect(dialling.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  RawSocket client(std::move(dialling));
  EXPECT_EQ(client.how_it_ends(), "reset");
  expect_works(pair);
  EXPECT_EQ(status().refused, 1U);
  fill.clear();
  ::setrlimit(RLIMIT_NOFILE, &limit);
  expect_as_new();
}

TEST_F(ProxyLink, DrainsWhatIsHeldBeforeItCloses) {
  open();
  Pair pair = connect();
  put(fault::Latency{.delay = 1h}, fault::LinkStream::kUpstream);
  pair.client.send("do not lose me");
  ASSERT_TRUE(until([&] { return status().held == 14; }));
  proxy_.drain(base::now() + 20s);
  EXPECT_EQ(pair.server.receive(100), "do not lose me");
  EXPECT_EQ(pair.server.how_it_ends(), "end");
  EXPECT_EQ(RawSocket::dial(port_).error(), ECONNREFUSED);
}

TEST_F(ProxyLink, DrainsUnderFullLoadAndLosesNothingThatItHasRead) {
  open();
  Pair pair = connect();
  const std::string bytes = pattern(64 * 1024);
  std::thread sender([&] {
    while (pair.client.send(bytes)) {
    }
  });
  std::size_t received = 0;
  std::thread receiver([&] {
    for (std::string some; !(some = pair.server.receive(1 << 20)).empty();) received += some.size();
  });
  ASSERT_TRUE(until([&] { return status().bytes_up > 10'000'000; }));
  const base::Instant deadline = base::now() + 20s;
  proxy_.drain(deadline);
  EXPECT_LT(base::now(), deadline);
  sender.join();
  receiver.join();
  EXPECT_EQ(received, status().bytes_up);
}

TEST_F(ProxyLink, StopsReadingAtItsMemoryBoundAndGoesOnBehindIt) {
  open({.most_held = 1024 * 1024});
  Pair pair = connect();
  put(fault::Latency{.delay = 1h}, fault::LinkStream::kUpstream);
  const std::string bytes = pattern(40'000'000);
  std::thread sender([&] { pair.client.send(bytes); });
  ASSERT_TRUE(until([&] { return status().full; }));
  EXPECT_LE(status().held, 1024U * 1024 + 2 * 256 * 1024);
  heal();
  EXPECT_EQ(pair.server.receive(bytes.size()), bytes);
  sender.join();
  EXPECT_FALSE(status().full);
}

TEST_F(ProxyLink, RemovesAFaultWithin100MsUnderFullLoad) {
  open({.most_held = 64 * 1024 * 1024});
  std::vector<Pair> pairs;
  std::vector<std::thread> load;
  std::atomic<bool> stop = false;
  for (int i = 0; i < 4; ++i) pairs.push_back(connect());
  const std::string bytes = pattern(64 * 1024);
  for (Pair& pair : pairs) {
    load.emplace_back([&] {
      while (!stop && pair.client.send(bytes)) {
      }
      pair.client.end();
    });
    load.emplace_back([&] {
      while (!pair.server.receive(1 << 20).empty()) {
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    put(fault::Latency{.delay = 50ms}, fault::LinkStream::kUpstream);
    const base::Instant began = base::now();
    heal();
    EXPECT_LT(base::now() - began, 100ms);
  }
  stop = true;
  for (std::thread& thread : load) thread.join();
}

TEST_F(ProxyLink, ChoosesConnectionsByTheSeedAlone) {
  const auto chosen = [this](std::uint64_t seed) {
    LinkSettings settings{.name = "seeded", .upstream = "127.0.0.1:" + std::to_string(upstream_.port())};
    settings.seed = seed;
    const auto link = proxy_.call([&](Links& links) { return links.add(settings); });
    const fault::LinkFault fault{.name = "slow", .action = fault::Latency{.delay = 1ms}, .toxicity = 0.5};
    EXPECT_TRUE(proxy_.call([&](Links& links) { return links.add_fault("seeded", fault); }));
    std::string marks;
    std::vector<RawSocket> clients;
    for (int i = 0; i < 24; ++i) {
      clients.push_back(RawSocket::dial(parse_host_port(link->listen)->port));
      upstream_.accept();
    }
    for (const ConnectionStatus& connection :
         *proxy_.call([](Links& links) { return links.connections("seeded"); })) {
      marks += connection.faults.empty() ? '.' : 'x';
    }
    EXPECT_TRUE(proxy_.call([](Links& links) { return links.remove("seeded"); }));
    return marks;
  };
  const std::string first = chosen(7);
  EXPECT_EQ(chosen(7).substr(0, 12), first.substr(0, 12));
  EXPECT_NE(first.find('x'), std::string::npos);
  EXPECT_NE(first.find('.'), std::string::npos);
}

}  // namespace
}  // namespace squall::proxy
