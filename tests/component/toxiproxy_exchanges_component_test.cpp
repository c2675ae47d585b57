// Plays the requests of tests/toxiproxy/exchanges.json and compares the answers with those that the real
// Toxiproxy gave (tests/toxiproxy/compare.py records them and checks them again). Where Squall differs on
// purpose, the file says what it answers, and because of what.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "control/api.h"
#include "proxy/proxy.h"

namespace squall::control {
namespace {

using nlohmann::json;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// One fresh server; addresses that the kernel chose are "${name}" in the file.
class Player {
 public:
  json play(const json& exchange) {
    http::Request request{.method = exchange["method"]};
    const auto target = http::parse_target(exchange["path"].get<std::string>());
    request.path = target->path;
    request.query = target->query;
    request.body = exchange.value("body", "");
    for (const auto& [name, listen] : listens_)
      request.body = replaced(request.body, "${" + name + "}", listen);
    const json headers = exchange.value("headers", json::object());
    for (const auto& [name, value] : headers.items()) {
      request.headers.emplace_back(name, value);
    }
    const http::Response response =
        proxy_.call([&](proxy::Links& links) { return api_.answer(request, links); });
    return {{"status", response.status},
            {"content_type", std::string(response.header("Content-Type"))},
            {"body", named(response.body)}};
  }

 private:
  std::string named(std::string text) {
    static const std::regex kProxy(R"re("name":"(\w+)","listen":"([^"]+)")re");
    for (std::sregex_iterator at(text.begin(), text.end(), kProxy), end; at != end; ++at) {
      listens_.try_emplace((*at)[1], (*at)[2]);
    }
    for (const auto& [name, listen] : listens_) text = replaced(text, listen, "${" + name + "}");
    static const std::regex kPort(R"re(127\.0\.0\.1:[1-9]\d{3,4})re");
    return std::regex_replace(text, kPort, "127.0.0.1:PORT");
  }

  proxy::Proxy proxy_;
  Api api_{1};
  std::map<std::string, std::string> listens_;
};

TEST(ToxiproxyExchanges, AreAnsweredAsToxiproxyDoesOrDifferOnPurpose) {
  std::ifstream file(TOXIPROXY_EXCHANGES);
  const json scenarios = json::parse(file);
  ASSERT_GE(scenarios.size(), 10U);
  for (const json& scenario : scenarios) {
    Player player;
    for (const json& exchange : scenario["exchanges"]) {
      json expected = exchange["answer"];
      if (exchange.contains("squall")) {
        EXPECT_FALSE(exchange["squall"]["because"].get<std::string>().empty());
        expected.update(exchange["squall"]);
        expected.erase("because");
        EXPECT_NE(expected, exchange["answer"]) << "no difference any more: " << exchange;
      }
      EXPECT_EQ(player.play(exchange), expected) << scenario["scenario"] << ": " << exchange["method"] << " "
                                                 << exchange["path"] << " " << exchange.value("body", "");
    }
  }
}

}  // namespace
}  // namespace squall::control
