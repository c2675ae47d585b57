// Links that end NATS's TLS and begin it anew, so that NATS faults work inside; and TLS that only passes.
// Real server, real clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.h"
#include "support/client_on_link.h"

namespace squall::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Upgrade = proxy::LinkTls::Upgrade;

const json kNothing = json::object();

class LinkTls : public ::testing::Test {
 protected:
  std::string url(FaultyLink& link) { return "nats://127.0.0.1:" + std::to_string(link.port()); }
  // A server that wants TLS behind INFO.
  std::unique_ptr<NatsServer> tls_server() {
    const Authority::Files files = authority_.issue("server", "IP:127.0.0.1");
    return std::make_unique<NatsServer>(
        NatsServer::Options{.configuration = fmt::format("tls {{ cert_file: \"{}\", key_file: \"{}\" }}\n",
                                                         files.certificate.string(), files.key.string())});
  }
  // With a certificate that clients can verify (nats.js looks for localhost where it dials an IP address, and
  // a bare root has no such name to dial).
  proxy::LinkTls towards(Upgrade client, Upgrade server) {
    proxy::LinkTls tls{.client = client, .server = server};
    if (client == Upgrade::kNone) return tls;
    const Authority::Files files = authority_.issue("link", "DNS:localhost,IP:127.0.0.1");
    tls.certificate_file = files.certificate;
    tls.key_file = files.key;
    return tls;
  }
  // False: the client is not here, and why_not_ says why.
  bool connect(const std::string& name, FaultyLink& link, bool with_tls, bool first = false) {
    const auto command = ClientProgram::command(name, why_not_);
    if (!command) return false;
    client_ = std::make_unique<ClientProgram>(*command);
    json options{{"url", url(link)}};
    if (with_tls) options["ca"] = authority_.file();
    if (first) options["first"] = true;
    const json connected = client_->run("connect", options);
    EXPECT_EQ(connected, kNothing) << connected.dump();
    return true;
  }
  json publish(const std::string& payload, int timeout_ms = 5000) {
    return client_->run("publish", {{"subject", "in.a"},
                                    {"payload", payload},
                                    {"id", std::to_string(payload.size())},
                                    {"timeout_ms", timeout_ms}});
  }
  // Large and small messages there and back, so that records of TLS are split and joined.
  void expect_traffic() {
    client_->run("listen", {{"subject", "echo"}});
    json sent = json::array();
    for (const std::size_t size : {1UL, 100UL, 16'383UL, 16'384UL, 100'000UL, 900'000UL}) {
      sent.push_back(std::string(size, 'x'));
      client_->run("send", {{"subject", "echo"}, {"payload", sent.back()}});
    }
    json heard;
    client_->until([&](const json&) {
      heard = client_->run("heard").at("payloads");
      return heard.size() >= sent.size();
    });
    EXPECT_TRUE(heard == sent);
  }

  TemporaryFolder folder_;
  Authority authority_{folder_.path(), "authority"};
  std::unique_ptr<ClientProgram> client_;
  std::string why_not_;
};

class LinkTlsOn : public LinkTls, public ::testing::WithParamInterface<const char*> {};

TEST_P(LinkTlsOn, NatsFaultsWorkInsideTlsThatIsEndedAndBegunAnew) {
  const auto server = tls_server();
  proxy::LinkTls tls = towards(Upgrade::kAfterInfo, Upgrade::kAfterInfo);
  tls.server_ca_file = authority_.file();
  FaultyLink link(server->port(), tls);
  if (!connect(GetParam(), link, /*with_tls=*/true)) GTEST_SKIP() << why_not_;
  expect_traffic();

  EXPECT_EQ(client_->run("flush"), kNothing);
  EXPECT_EQ(link.connections().at(0).client, GetParam());
  link.add({{"preset", "no_responders"}, {"subject", "in.>"}});
  EXPECT_THAT(publish("x").dump(), HasSubstr("error"));
  EXPECT_GE(link.struck("no_responders"), 1U);
  link.heal();
  link.add({{"preset", "disconnect_client"}, {"reset", true}});
  EXPECT_TRUE(
      client_->until([](const json& now) { return now.at("reconnects") >= 1 && now.at("connected"); }));
  link.heal();
  EXPECT_EQ(client_->run("flush"), kNothing);
}

TEST_P(LinkTlsOn, APlainClientReachesAServerThatWantsTls) {
  const auto server = tls_server();
  FaultyLink link(server->port(), towards(Upgrade::kNone, Upgrade::kAfterInfo));
  if (!connect(GetParam(), link, /*with_tls=*/false)) GTEST_SKIP() << why_not_;
  expect_traffic();
}

INSTANTIATE_TEST_SUITE_P(Clients, LinkTlsOn, ::testing::Values("libnats", "nats.js", "nats-py"),
                         name_of_client);

class TlsFirstOn : public LinkTls, public ::testing::WithParamInterface<const char*> {};

// libnats 3.4.1 cannot. Two links, one behind the other, so that both ends of a link begin with TLS.
TEST_P(TlsFirstOn, TlsFromTheFirstByteOnBothEndsOfALink) {
  NatsServer server;
  FaultyLink far(server.port(), towards(Upgrade::kFirst, Upgrade::kNone));
  proxy::LinkTls tls = towards(Upgrade::kFirst, Upgrade::kFirst);
  tls.server_ca_file = authority_.file();
  FaultyLink near(far.port(), tls);
  if (!connect(GetParam(), near, /*with_tls=*/true, /*first=*/true)) GTEST_SKIP() << why_not_;
  expect_traffic();
  EXPECT_EQ(far.connections().at(0).client, GetParam()) << "read as NATS";
}

INSTANTIATE_TEST_SUITE_P(Clients, TlsFirstOn, ::testing::Values("nats.js", "nats-py"), name_of_client);

TEST_F(LinkTls, AServerThatIsNotWhoItShouldBeIsRefused) {
  const auto server = tls_server();
  proxy::LinkTls tls = towards(Upgrade::kNone, Upgrade::kAfterInfo);
  const Authority other(folder_.path(), "other");
  tls.server_ca_file = other.file();
  FaultyLink link(server->port(), tls);
  std::string why_not;
  ClientProgram client(*ClientProgram::command("libnats", why_not));
  EXPECT_TRUE(client.run("connect", {{"url", url(link)}}).contains("error"));
  EXPECT_GE(link.status().refused, 1U);
}

TEST_F(LinkTls, TlsThatOnlyPassesIsNotReadAndStillMeetsFaultsOfBytes) {
  const Authority::Files files = authority_.issue("server", "DNS:localhost,IP:127.0.0.1");
  NatsServer server({.configuration = fmt::format("tls {{ cert_file: \"{}\", key_file: \"{}\" }}\n",
                                                  files.certificate.string(), files.key.string())});
  FaultyLink link(server.port());
  ASSERT_TRUE(connect("libnats", link, /*with_tls=*/true));
  expect_traffic();
  EXPECT_TRUE(link.connections().at(0).unreadable);
  link.add({{"latency", {{"delay_ms", 300}}}});
  const auto began = base::now();
  EXPECT_EQ(client_->run("flush"), kNothing);
  EXPECT_GE(base::now() - began, std::chrono::milliseconds{300});
}

TEST_F(LinkTls, WrongFilesAreNamedWhenTheLinkIsMade) {
  const auto error_of = [](const proxy::LinkTls& tls, proxy::LinkMode mode = proxy::LinkMode::kNats) {
    proxy::Proxy proxy;
    const proxy::LinkSettings settings{.name = "l", .upstream = "127.0.0.1:4222", .mode = mode, .tls = tls};
    const auto link = proxy.call([&](proxy::Links& links) { return links.add(settings); });
    return link ? "" : link.error().message();
  };
  EXPECT_EQ(error_of({.client = Upgrade::kFirst}), "") << "with a certificate of its own making";
  EXPECT_THAT(error_of({.client = Upgrade::kFirst, .certificate_file = "/none.pem"}),
              HasSubstr("needs both"));
  EXPECT_THAT(error_of({.client = Upgrade::kFirst, .certificate_file = "/none.pem", .key_file = "/none.key"}),
              HasSubstr("tls: certificate /none.pem: "));
  EXPECT_THAT(error_of({.server = Upgrade::kFirst, .server_ca_file = "/none.pem"}),
              HasSubstr("tls: authority /none.pem: "));
  EXPECT_THAT(error_of({.server = Upgrade::kFirst}, proxy::LinkMode::kBytes),
              HasSubstr("tls is for mode nats"));
}

}  // namespace
}  // namespace squall::testing
