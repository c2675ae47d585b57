// The API under /v1 as a program uses it: links, faults with their effects, live connections, and events,
// over HTTP where HTTP matters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/asio_run.h"
#include "control/control_server.h"
#include "proxy/address.h"
#include "support/raw_socket.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RawListener;
using testing::RawSocket;

struct Answered {
  int status = 0;
  json body;
};

class V1Api : public ::testing::Test {
 protected:
  Answered call(const std::string& method, const std::string& path, const std::string& body = "") {
    const http::Request request{.method = method, .path = path, .body = body};
    const http::Response response =
        proxy_.call([&](proxy::Links& links) { return api_.answer(request, links); });
    return {response.status, json::parse(response.body, nullptr, false)};
  }
  std::string make_link(const std::string& name = "nats", const std::string& mode = "nats") {
    const Answered made =
        call("POST", "/v1/links", json{{"name", name}, {"upstream", upstream()}, {"mode", mode}}.dump());
    EXPECT_EQ(made.status, 201) << made.body;
    return made.body.at("listen");
  }
  std::string upstream() { return "127.0.0.1:" + std::to_string(server_.port()); }
  static std::uint16_t port_of(const std::string& listen) { return proxy::parse_host_port(listen)->port; }

  RawListener server_;
  boost::asio::io_context io_;
  EventBridge events_{io_};
  proxy::Proxy proxy_{events_.sink()};
  Api api_{1};
};

TEST_F(V1Api, MakesShowsChangesAndRemovesALink) {
  EXPECT_EQ(call("GET", "/v1/links").body, json::array());
  const std::string listen = make_link();
  json link = call("GET", "/v1/links/nats").body;
  EXPECT_EQ(link.at("listen"), listen);
  EXPECT_EQ(link.at("mode"), "nats");
  EXPECT_EQ(link.at("listening"), true);
  const Answered off = call("PATCH", "/v1/links/nats", R"({"enabled": false, "most_held": 1000})");
  EXPECT_EQ(off.status, 200);
  EXPECT_EQ(off.body.at("listening"), false);
  EXPECT_EQ(off.body.at("most_held"), 1000);
  EXPECT_EQ(off.body.at("listen"), listen);
  EXPECT_EQ(call("DELETE", "/v1/links/nats").status, 204);
  EXPECT_EQ(call("GET", "/v1/links/nats").status, 404);
}

TEST_F(V1Api, ShowsLiveConnectionsWithClientBytesFramesAndTheFaultsThatTouchThem) {
  RawSocket client = RawSocket::dial(port_of(make_link()));
  RawSocket server = server_.accept();
  const std::string info = "INFO {\"server_id\":\"x\"}\r\n";
  server.send(info);
  EXPECT_EQ(client.receive(info.size()), info);
  const std::string hello = "CONNECT {\"name\":\"orders\"}\r\nPING\r\n";
  client.send(hello);
  EXPECT_EQ(server.receive(hello.size()), hello);
  call("POST", "/v1/links/nats/faults", R"({"name": "slow", "latency": {"delay_ms": 1}})");
  const json connections = call("GET", "/v1/links/nats/connections").body;
  ASSERT_EQ(connections.size(), 1U);
  const json& one = connections[0];
  EXPECT_EQ(one.at("number"), 1);
  EXPECT_EQ(one.at("client"), "orders");
  EXPECT_EQ(one.at("bytes_up"), hello.size());
  EXPECT_EQ(one.at("bytes_down"), info.size());
  EXPECT_EQ(one.at("frames_up"), 2);
  EXPECT_EQ(one.at("frames_down"), 1);
  EXPECT_EQ(one.at("faults"), json({"slow"}));
  EXPECT_THAT(one.at("peer").get<std::string>(), HasSubstr("127.0.0.1:"));
  EXPECT_EQ(call("DELETE", "/v1/links/nats/connections/1").status, 204);
  EXPECT_EQ(client.how_it_ends(), "reset");
  EXPECT_EQ(call("DELETE", "/v1/links/nats/connections/1").status, 404);
}

TEST_F(V1Api, CountsWhatAFaultHasDoneAndKeepsTheCountWhenItIsReplaced) {
  RawSocket client = RawSocket::dial(port_of(make_link()));
  RawSocket server = server_.accept();
  const Answered made = call("POST", "/v1/links/nats/faults",
                             R"({"name": "void", "nats": {"preset": "publish_drop", "subject": "a.>"}})");
  EXPECT_EQ(made.status, 201) << made.body;
  client.send("CONNECT {}\r\nPING\r\n");
  server.receive(18);
  server.send("PONG\r\n");
  client.receive(6);
  client.send("PUB a.b 1\r\nx\r\nPUB c 1\r\ny\r\n");
  EXPECT_EQ(server.receive(12), "PUB c 1\r\ny\r\n");
  const json fault = call("GET", "/v1/links/nats/faults/void").body;
  EXPECT_EQ(fault.at("effect").at("frames"), 1);
  EXPECT_FALSE(fault.at("description").get<std::string>().empty());
  EXPECT_EQ(call("POST", "/v1/links/nats/faults", R"({"name": "late", "latency": {"delay_ms": 5}})").status,
            201);
  const Answered replaced = call("PUT", "/v1/links/nats/faults/late", R"({"latency": {"delay_ms": 9}})");
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(replaced.body.at("latency").at("delay_ms"), 9);
  EXPECT_EQ(replaced.body.at("effect").at("connections"), 1);
  EXPECT_EQ(call("POST", "/v1/heal").body, json({{"removed", 2}}));
  EXPECT_EQ(call("GET", "/v1/links/nats/faults").body, json::array());
}

TEST_F(V1Api, SaysWhatIsWrong) {
  const std::string listen = make_link("nats", "bytes");
  const auto expect = [this](const char* method, const std::string& path, const std::string& body, int status,
                             const char* text) {
    const Answered answered = call(method, path, body);
    EXPECT_EQ(answered.status, status) << method << " " << path << " " << body;
    EXPECT_EQ(answered.body.value("status", 0), status);
    EXPECT_THAT(answered.body.value("error", ""), HasSubstr(text));
  };
  expect("GET", "/v1/links/none", "", 404, "no link none");
  expect("GET", "/v1/none", "", 404, "no such path");
  expect("PUT", "/v1/links", "", 405, "does not take PUT");
  expect("POST", "/v1/links", "{", 400, "bad request body");
  expect("POST", "/v1/links", "{}", 400, "name");
  expect("POST", "/v1/links", R"({"name": "a", "upstream": "x"})", 400, "no port");
  expect("POST", "/v1/links", R"({"name": "a", "upstream": "x:1", "moed": "nats"})", 400,
         "unknown field moed");
  expect("POST", "/v1/links", R"({"name": "a", "upstream": "x:1", "tls": {"client": "late"}})", 400,
         "client must be one of none, after_info, first");
  expect("POST", "/v1/links", R"({"name": "nats", "upstream": "x:1"})", 409, "there is a link nats");
  expect("POST", "/v1/links", json{{"name", "a"}, {"upstream", "x:1"}, {"listen", listen}}.dump(), 409,
         "Address already in use");
  expect("POST", "/v1/links/nats/faults", R"({"name": "f"})", 400, "no kind of fault is named");
  expect("POST", "/v1/links/nats/faults", R"({"name": "f", "latency": {"delay_ms": -1}})", 400, "delay_ms");
  expect("POST", "/v1/links/nats/faults", R"({"name": "f", "nats": {"preset": "ack_drop"}})", 400,
         "mode nats");
  expect("DELETE", "/v1/links/nats/faults/f", "", 404, "no fault f");
  expect("DELETE", "/v1/links/nats/connections/x", "", 404, "no connection x");
  expect("PATCH", "/v1/links/nats", R"({"name": "other"})", 400, "its name stays");
}

// The same with a socket in front of it.
class V1OverHttp : public V1Api {
 protected:
  V1OverHttp() {
    ControlSettings settings;
    auto server = serve_api(io_, std::move(settings), proxy_, events_, api_);
    EXPECT_TRUE(server) << server.error().message();
    server_api_.emplace(*std::move(server));
    thread_ = std::thread([this] { io_.run(); });
  }
  ~V1OverHttp() override {
    io_.stop();
    thread_.join();
  }
  std::uint16_t api_port() const { return server_api_->endpoint().port(); }
  static std::string request(const std::string& method, const std::string& path,
                             const std::string& body = "") {
    return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", method, path,
                       body.size(), body);
  }
  // The head of an answer, and its body if there is one.
  static std::string answer(RawSocket& socket) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) text += socket.receive(1);
    const std::size_t at = text.find("Content-Length: ");
    if (at != std::string::npos) text += socket.receive(std::stoul(text.substr(at + 16)));
    return text;
  }

  std::optional<http::Server> server_api_;
  std::thread thread_;
};

std::string events_until(RawSocket& socket, const std::string& last) {
  std::string text;
  for (const auto deadline = base::now() + 20s;
       base::now() < deadline && text.find(last) == std::string::npos;) {
    text += socket.receive(1, 1s);
  }
  return text;
}

TEST_F(V1OverHttp, TellsItsEventsAsTheyHappen) {
  RawSocket listening = RawSocket::dial(api_port());
  listening.send(request("GET", "/v1/events"));
  EXPECT_THAT(answer(listening), HasSubstr("text/event-stream"));
  RawSocket client = RawSocket::dial(port_of(make_link()));
  RawSocket server = server_.accept();
  call("POST", "/v1/links/nats/faults", R"({"name": "slow", "latency": {"delay_ms": 1}})");
  call("DELETE", "/v1/links/nats/faults/slow");
  client.send("not NATS at all\r\n");
  server.receive(10);
  client.close();
  server.close();
  const std::string text = events_until(listening, "event: disconnected");
  std::vector<std::string> names;
  for (std::size_t at = text.find("event: "); at != std::string::npos; at = text.find("event: ", at + 1)) {
    names.push_back(text.substr(at + 7, text.find('\n', at) - at - 7));
  }
  EXPECT_THAT(names, ElementsAre("connected", "fault_added", "fault_removed", "unreadable", "disconnected"));
  EXPECT_THAT(text, HasSubstr(R"("link":"nats","connection":1)"));
  EXPECT_THAT(text, HasSubstr(R"("fault":"slow","text":"latency of 1.0 ms downstream")"));
}

TEST_F(V1OverHttp, AThousandCallsUnderFullLoadAreAnsweredAndRemovalsTakeBelow100Ms) {
  const std::uint16_t port = port_of(make_link("busy", "bytes"));
  std::atomic<bool> stop = false;
  std::vector<std::thread> load;
  for (int i = 0; i < 2; ++i) {
    load.emplace_back([&stop, client = RawSocket::dial(port)]() mutable {
      const std::string bytes(64 * 1024, 'x');
      while (!stop && client.send(bytes)) {
      }
    });
    load.emplace_back([server = server_.accept()]() mutable {
      while (!server.receive(1 << 20).empty()) {
      }
    });
  }
  RawSocket api = RawSocket::dial(api_port());
  base::Nanos worst{0};
  for (int i = 0; i < 500; ++i) {
    api.send(request("POST", "/proxies/busy/toxics",
                     R"({"name":"x","type":"latency","attributes":{"latency":1}})"));
    EXPECT_THAT(answer(api), HasSubstr("200 OK"));
    const auto began = base::now();
    api.send(request("DELETE", "/proxies/busy/toxics/x"));
    EXPECT_THAT(answer(api), HasSubstr("204 No Content"));
    worst = std::max(worst, base::Nanos(base::now() - began));
  }
  EXPECT_LT(worst, 100ms);
  stop = true;
  call("DELETE", "/v1/links/busy");
  for (std::thread& thread : load) thread.join();
}

}  // namespace
}  // namespace squall::control
