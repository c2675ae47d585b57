// TLS and logins against a real nats-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl.hpp>
#include <fstream>

#include "base/asio_run.h"
#include "client/access.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "client/nkey.h"
#include "support/certificates.h"
#include "support/nats_fixture.h"
#include "support/scripted_server.h"

namespace squall::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::NatsServer;
using ::testing::Not;
using testing::ScriptedServer;

base::Instant patience() { return base::now() + 20s; }

class LoginTest : public ::testing::Test {
 protected:
  std::shared_ptr<Connection> connect(ConnectOptions options) {
    auto connection = base::run(io_, Connection::connect(io_, std::move(options), patience()));
    EXPECT_TRUE(connection.has_value()) << connection.error().message();
    return connection ? *connection : nullptr;
  }
  std::string error(ConnectOptions options, base::Nanos within = 20s) {
    auto connection = base::run(io_, Connection::connect(io_, std::move(options), base::now() + within));
    return connection ? "connected" : connection.error().message();
  }
  // 3 MB there and back, so that records of TLS are split and joined.
  void expect_traffic(const std::shared_ptr<Connection>& connection) {
    std::size_t got = 0;
    const std::string payload(30'000, 'x');
    const auto subscription = connection->subscribe("echo", [&](const MessageView& message) {
      EXPECT_EQ(message.payload, payload);
      ++got;
    });
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(connection->publish("echo", payload).has_value());
    ASSERT_TRUE(base::run(io_, connection->ping(patience())).has_value());
    EXPECT_EQ(got, 100U);
  }
  TlsOptions trusting(const testing::Authority& authority) {
    return {.required = true, .ca_file = authority.file()};
  }

  asio::io_context io_;
  testing::TemporaryFolder folder_;
  testing::Authority authority_{folder_.path(), "authority"};
  testing::Authority::Files server_files_ = authority_.issue("server", "IP:127.0.0.1,DNS:nats.example");
  testing::Authority::Files client_files_ = authority_.issue("client", "DNS:squall");
  std::string tls_block(const std::string& more = "") const {
    return fmt::format("tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\" {} }}",
                       server_files_.certificate.string(), server_files_.key.string(),
                       authority_.file().string(), more);
  }
};

TEST_F(LoginTest, UpgradesToTlsAndTalks) {
  NatsServer server({.configuration = tls_block()});
  const auto connection = connect({.port = server.port(), .tls = trusting(authority_)});
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->encrypted());
  expect_traffic(connection);
  server.kill();
  EXPECT_TRUE(base::run(io_, connection->wait_closed(patience())));
}

TEST_F(LoginTest, UsesTlsUnaskedWhereTheServerRequiresIt) {
  NatsServer server({.configuration = tls_block()});
  const auto connection = connect({.port = server.port(), .tls = {.ca_file = authority_.file()}});
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->encrypted());
}

TEST_F(LoginTest, AServerThatNobodyVouchesForIsRefused) {
  NatsServer server({.configuration = tls_block()});
  const std::string where = fmt::format("cannot connect to 127.0.0.1:{}: ", server.port());
  EXPECT_THAT(error({.port = server.port(), .tls = {.required = true}}),
              AllOf(HasSubstr(where), HasSubstr("the server's certificate is not trusted: ")));
  const testing::Authority other(folder_.path(), "other");
  EXPECT_THAT(error({.port = server.port(), .tls = trusting(other)}), HasSubstr("is not trusted: "));
}

TEST_F(LoginTest, TheServersNameMustBeInItsCertificate) {
  NatsServer server({.configuration = tls_block()});
  TlsOptions tls = trusting(authority_);
  tls.server_name = "nats.example";
  EXPECT_TRUE(connect({.port = server.port(), .tls = tls}));
  tls.server_name = "other.example";
  EXPECT_THAT(error({.port = server.port(), .tls = tls}), HasSubstr("not trusted: hostname mismatch"));
}

TEST_F(LoginTest, AClientCertificateIsShownWhereItIsWanted) {
  NatsServer server({.configuration = tls_block(", verify: true")});
  TlsOptions tls = trusting(authority_);
  EXPECT_THAT(error({.port = server.port(), .tls = tls}), HasSubstr("certificate"));
  tls.certificate_file = client_files_.certificate;
  tls.key_file = client_files_.key;
  const auto connection = connect({.port = server.port(), .tls = tls});
  ASSERT_TRUE(connection);
  expect_traffic(connection);
}

TEST_F(LoginTest, FilesThatAreNotThereAreNamed) {
  NatsServer server({.configuration = tls_block()});
  const auto file_error = [&](TlsOptions tls) {
    return error({.port = server.port(), .tls = std::move(tls)});
  };
  EXPECT_THAT(file_error({.required = true, .ca_file = "/no/ca.pem"}),
              HasSubstr("TLS: cannot use the CA file /no/ca.pem: No such file"));
  TlsOptions half = trusting(authority_);
  half.certificate_file = client_files_.certificate;
  EXPECT_THAT(file_error(half), HasSubstr("there is only " + client_files_.certificate.string()));
  half.key_file = server_files_.key;
  EXPECT_THAT(file_error(half), HasSubstr("TLS: cannot use the key file " + server_files_.key.string()));
}

TEST_F(LoginTest, TlsAgainstAServerWithoutItIsAnError) {
  NatsServer server;
  EXPECT_THAT(error({.port = server.port(), .tls = trusting(authority_)}),
              HasSubstr("TLS is asked for, and the server offers none"));
}

// A server with handshake_first (nats-server 2.10): nothing in plain text at all.
TEST_F(LoginTest, TlsFirstShakesHandsBeforeInfo) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain_file(server_files_.certificate.string());
  context.use_private_key_file(server_files_.key.string(), asio::ssl::context::pem);
  struct Server {
    static asio::awaitable<void> run(ScriptedServer::Socket socket, asio::ssl::context* context) {
      constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
      asio::ssl::stream<ScriptedServer::Socket> stream(std::move(socket), *context);
      const auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAsTuple);
      if (failed) co_return;
      const std::string hello =
          "INFO {\"server_id\":\"X\",\"tls_required\":true,\"headers\":true}\r\nPONG\r\n";
      co_await asio::async_write(stream, asio::buffer(hello), kAsTuple);
      char heard[4096];
      while (true) {
        const auto [error, size] = co_await stream.async_read_some(asio::buffer(heard), kAsTuple);
        if (error) co_return;
      }
    }
  };
  ScriptedServer server(
      io_, [&](ScriptedServer::Socket socket) { return Server::run(std::move(socket), &context); });
  TlsOptions tls = trusting(authority_);
  EXPECT_THAT(error({.port = server.port(), .tls = tls}, 100ms), HasSubstr("no INFO from the server"));
  tls.first = true;
  const auto connection = connect({.port = server.port(), .tls = tls});
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->encrypted());
}

TEST_F(LoginTest, AServerThatStopsInTheHandshakeIsAnErrorAtTheDeadline) {
  ScriptedServer server(io_, [](ScriptedServer::Socket socket) {
    return testing::say_and_listen(std::move(socket), "INFO {\"server_id\":\"X\",\"tls_required\":true}\r\n");
  });
  EXPECT_THAT(error({.port = server.port(), .tls = trusting(authority_)}, 50ms),
              HasSubstr("no end of the TLS handshake before the deadline"));
}

Nkey new_nkey(NkeyRole role, std::uint8_t number) {
  Nkey::Seed seed{};
  seed.fill(number);
  return {role, seed};
}

TEST_F(LoginTest, AnNkeySignsTheNonce) {
  const Nkey user = new_nkey(NkeyRole::kUser, 1);
  const Nkey stranger = new_nkey(NkeyRole::kUser, 2);
  NatsServer server({.configuration = "authorization { users: [ { nkey: " + user.public_key() + " } ] }"});
  EXPECT_TRUE(connect({.port = server.port(), .credentials = {.nkey_seed = user.seed_text()}}));
  const std::string refused =
      error({.port = server.port(), .credentials = {.nkey_seed = stranger.seed_text()}});
  EXPECT_THAT(refused, AllOf(HasSubstr("Authorization Violation (we came with NKEY " + stranger.public_key()),
                             Not(HasSubstr(stranger.seed_text().reveal()))));
  EXPECT_THAT(error({.port = server.port()}), HasSubstr("(we came with no credentials)"));
}

// Claims as nsc would write and sign them.
std::string jwt(const Nkey& issuer, const std::string& subject, const std::string& name, nlohmann::json nats,
                nlohmann::json more = {}) {
  nats["version"] = 2;
  nlohmann::json claims{{"jti", name},  {"iat", 1700000000}, {"iss", issuer.public_key()},
                        {"name", name}, {"sub", subject},    {"nats", nats}};
  if (more.is_object()) claims.update(more);
  const std::string body =
      base64url_encode(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url_encode(claims.dump());
  return body + "." + base64url_encode(issuer.sign(body));
}

class JwtLoginTest : public LoginTest {
 protected:
  static nlohmann::json account_claims() {
    const nlohmann::json limits{{"subs", -1},        {"data", -1},         {"payload", -1}, {"imports", -1},
                                {"exports", -1},     {"wildcards", true},  {"conn", -1},    {"leaf", -1},
                                {"mem_storage", -1}, {"disk_storage", -1}, {"streams", -1}, {"consumer", -1}};
    return {{"type", "account"}, {"limits", limits}};
  }
  std::string configuration() const {
    nlohmann::json preload;
    preload[orders_.public_key()] = jwt(operator_, orders_.public_key(), "ORDERS", account_claims());
    preload[system_.public_key()] = jwt(operator_, system_.public_key(), "SYS", {{"type", "account"}});
    return "operator: " + jwt(operator_, operator_.public_key(), "op", {{"type", "operator"}}) +
           "\nresolver: MEMORY\nsystem_account: " + system_.public_key() +
           "\nresolver_preload: " + preload.dump();
  }
  // A file as nsc writes it.
  std::filesystem::path creds_file(const std::string& name, nlohmann::json more = {}) const {
    const nlohmann::json claims{{"type", "user"}, {"subs", -1}, {"data", -1}, {"payload", -1}};
    const auto path = folder_ / (name + ".creds");
    std::ofstream(path) << "-----BEGIN NATS USER JWT-----\n"
                        << jwt(orders_, user_.public_key(), name, claims, std::move(more))
                        << "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n"
                        << user_.seed_text().reveal() << "\n------END USER NKEY SEED------\n";
    return path;
  }
  Credentials creds(const std::string& name, nlohmann::json more = {}) const {
    auto read = read_creds_file(creds_file(name, std::move(more)));
    EXPECT_TRUE(read) << read.error().message();
    return read ? *read : Credentials{};
  }

  Nkey operator_ = new_nkey(NkeyRole::kOperator, 3);
  Nkey system_ = new_nkey(NkeyRole::kAccount, 4);
  Nkey orders_ = new_nkey(NkeyRole::kAccount, 5);
  Nkey user_ = new_nkey(NkeyRole::kUser, 6);
};

TEST_F(JwtLoginTest, ACredsFileLogsInToItsAccount) {
  NatsServer server({.configuration = configuration()});
  const auto connection = connect({.port = server.port(), .credentials = creds("worker")});
  ASSERT_TRUE(connection);
  expect_traffic(connection);
  const nlohmann::json config{{"name", "S"}, {"subjects", {"s.>"}}};
  EXPECT_TRUE(base::run(io_, JetStream(connection).create_stream(config, patience())).has_value())
      << "the account has JetStream";
}

TEST_F(JwtLoginTest, AnExpiredJwtIsRefusedAndTheErrorSaysWhy) {
  NatsServer server({.configuration = configuration()});
  const Credentials expired = creds("worker", {{"exp", 1700000001}});
  EXPECT_THAT(error({.port = server.port(), .credentials = expired}),
              AllOf(HasSubstr("the JWT of worker (" + user_.public_key() + "), expired since 2023-11-14"),
                    Not(HasSubstr(user_.seed_text().reveal())), Not(HasSubstr(expired.jwt.reveal()))));
}

TEST_F(JwtLoginTest, AContextFileOfTheNatsCliIsEnough) {
  NatsServer server({.configuration = configuration() + "\n" + tls_block()});
  const ContextFolder where{.nats_folder = folder_ / "nats", .home = folder_.path()};
  std::filesystem::create_directories(where.nats_folder / "context");
  creds_file("worker");
  const nlohmann::json context{{"url", fmt::format("tls://127.0.0.1:{}", server.port())},
                               {"creds", "~/worker.creds"},
                               {"ca", authority_.file().string()}};
  std::ofstream(where.nats_folder / "context" / "staging.json") << context.dump();
  const auto access = read_context("staging", where);
  ASSERT_TRUE(access) << access.error().message();
  const auto connection = connect(access->dial(0));
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->encrypted());
}

TEST_F(LoginTest, PermissionsMayDemandAnInboxPrefix) {
  NatsServer server({.configuration = R"(authorization { users: [ { user: "u", password: "p", permissions: {
      publish: [">"], subscribe: ["_IN.orders.>", "echo"] } } ] })"});
  const Credentials login{.user = "u", .password = "p"};
  EXPECT_THAT(error({.port = server.port(), .credentials = login}),
              HasSubstr("set an inbox prefix that user u may subscribe to"));
  const auto allowed = connect({.port = server.port(), .credentials = login, .inbox_prefix = "_IN.orders"});
  const auto echo = allowed->subscribe("echo", [&](const MessageView& message) {
    EXPECT_THAT(std::string(message.reply), ::testing::StartsWith("_IN.orders."));
    EXPECT_TRUE(allowed->publish(message.reply, message.payload).has_value());
  });
  const auto answered = base::run(io_, allowed->request("echo", "hi", patience()));
  ASSERT_TRUE(answered.has_value()) << answered.error().message();
  EXPECT_EQ(answered->payload, "hi");
}

TEST_F(LoginTest, AJetStreamDomainIsAskedByItsPrefix) {
  NatsServer server({.configuration = "jetstream { domain: hub }"});
  const auto connection = connect({.port = server.port(), .js_api_prefix = "$JS.hub.API"});
  const nlohmann::json config{{"name", "S"}, {"subjects", {"s.>"}}};
  const auto stream = base::run(io_, JetStream(connection).create_stream(config, patience()));
  ASSERT_TRUE(stream.has_value()) << stream.error().message();
  const auto elsewhere = connect({.port = server.port(), .js_api_prefix = "$JS.other.API"});
  const auto none = base::run(io_, JetStream(elsewhere).stream("S", patience()));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kNoResponders);
}

}  // namespace
}  // namespace squall::client
