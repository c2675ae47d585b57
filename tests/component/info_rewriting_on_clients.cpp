// A cluster behind links that read NATS: clients learn of its servers by proxied addresses alone, from the
// first INFO and from those that come when a server joins, and so never wander past the proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/asio_run.h"
#include "http/http_client.h"
#include "proxy/proxy.h"
#include "support/client_on_link.h"
#include "support/client_program.h"
#include "support/nats_fixture.h"

namespace squall::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string in_cluster(const std::string& name, const std::string& routes) {
  return "server_name: " + name + "\ncluster { name: c, listen: \"127.0.0.1:-1\", routes: [" + routes +
         "] }\n";
}

int cluster_port(const NatsServer& server) {
  boost::asio::io_context io;
  const http::GetRequest request{.port = server.monitor_port(), .target = "/varz"};
  const auto varz = base::run(io, http::get(io, request, base::now() + std::chrono::seconds{20}));
  return json::parse(varz.value().body).at("cluster").at("cluster_port");
}

class InfoRewritingOn : public ::testing::TestWithParam<const char*> {
 protected:
  // Returns the address of the link.
  std::string link_to(const std::string& name, std::uint16_t port) {
    const proxy::LinkSettings settings{
        .name = name, .upstream = "127.0.0.1:" + std::to_string(port), .mode = proxy::LinkMode::kNats};
    const auto link = proxy_.call([&](proxy::Links& links) { return links.add(settings); });
    EXPECT_TRUE(link) << link.error().message();
    return link->listen;
  }
  std::size_t connections(const std::string& name) {
    return proxy_.call([&](proxy::Links& links) { return links.status(name); })->connections;
  }

  NatsServer first_{{.configuration = in_cluster("first", ""), .jetstream = false}};
  proxy::Proxy proxy_;
};

// Whether the client knows these addresses and no other.
bool knows_only(const json& state, const std::vector<std::string>& addresses) {
  if (state.at("servers").size() != addresses.size()) return false;
  const std::string all = state.at("servers").dump();
  return std::ranges::all_of(addresses, [&](const std::string& each) { return all.find(each) != all.npos; });
}

TEST_P(InfoRewritingOn, AClientKnowsProxiedAddressesAlone) {
  std::string why_not;
  const auto command = ClientProgram::command(GetParam(), why_not);
  if (!command) GTEST_SKIP() << why_not;
  const std::string to_first = link_to("first", first_.port());
  ClientProgram client(*command);
  ASSERT_EQ(client.run("connect", {{"url", "nats://" + to_first}}), json::object());
  EXPECT_TRUE(client.until([&](const json& now) { return knows_only(now, {to_first}); }))
      << client.run("state").dump();

  NatsServer second({.configuration = in_cluster("second", ""), .jetstream = false});
  const std::string to_second = link_to("second", second.port());
  second.restart_with(in_cluster("second", fmt::format("\"nats://127.0.0.1:{}\"", cluster_port(first_))));
  EXPECT_TRUE(client.until([&](const json& now) { return knows_only(now, {to_first, to_second}); }))
      << client.run("state").dump() << " instead of " << to_first << " and " << to_second;

  first_.kill();
  EXPECT_TRUE(client.until([&](const json& now) {
    return now.at("connected") && now.at("server").get<std::string>().find(to_second) != std::string::npos;
  })) << client.run("state").dump();
  EXPECT_EQ(connections("second"), 1U);
  EXPECT_EQ(client.run("flush"), json::object());
}

INSTANTIATE_TEST_SUITE_P(Clients, InfoRewritingOn, ::testing::Values("libnats", "nats.js", "nats-py"),
                         name_of_client);

}  // namespace
}  // namespace squall::testing
