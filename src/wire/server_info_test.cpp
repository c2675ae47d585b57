#include "wire/server_info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace squall::wire {
namespace {

TEST(ServerInfo, ReadsWhatNatsServerSends) {
  const auto server = parse_server_info(
      R"({"server_id":"NA","server_name":"n1","version":"2.9.10","proto":1,"git_commit":"","go":"go1.19.8",)"
      R"("host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"jetstream":true,"client_id":5,)"
      R"("client_ip":"127.0.0.1","ldm":true,"connect_urls":["127.0.0.1:4222","127.0.0.1:4223"],"nonce":null})");
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->server_name, "n1");
  EXPECT_EQ(server->version, "2.9.10");
  EXPECT_EQ(server->port, 4222);
  EXPECT_EQ(server->max_payload, 1048576U);
  EXPECT_EQ(server->client_id, 5U);
  EXPECT_TRUE(server->headers);
  EXPECT_TRUE(server->lame_duck);
  EXPECT_FALSE(server->auth_required);
  EXPECT_EQ(server->connect_urls, (std::vector<std::string>{"127.0.0.1:4222", "127.0.0.1:4223"}));
}

TEST(ServerInfo, NamesTheFieldThatIsWrong) {
  const auto server = parse_server_info(R"({"port":"4222"})");
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message(), "INFO's field port has the wrong type");
  EXPECT_FALSE(parse_server_info("{"));
  EXPECT_FALSE(parse_server_info("[]"));
}

TEST(ClientInfo, ReadsWhatAClientSaysOfItself) {
  const auto client = parse_client_info(
      R"({"verbose":false,"pedantic":false,"lang":"python3","version":"2.9.0","name":"orders",)"
      R"("headers":true,"no_responders":true,"user":null})");
  ASSERT_TRUE(client) << client.error().message();
  EXPECT_EQ(client->name, "orders");
  EXPECT_EQ(client->lang, "python3");
  EXPECT_TRUE(client->headers);
  EXPECT_TRUE(client->no_responders);
  EXPECT_FALSE(client->verbose);
  EXPECT_TRUE(parse_client_info("{}")->verbose) << "what nats-server takes for granted";
}

TEST(ClientInfo, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(parse_client_info(R"({"name":5})").error().message(), "CONNECT's field name has the wrong type");
  EXPECT_FALSE(parse_client_info("[]"));
}

TEST(ConnectRequest, LeavesOutWhatIsEmpty) {
  const auto json = nlohmann::json::parse(to_json({.name = "squall", .user = "u", .password = "p"}));
  EXPECT_EQ(json["name"], "squall");
  EXPECT_EQ(json["user"], "u");
  EXPECT_EQ(json["pass"], "p");
  EXPECT_FALSE(json.contains("auth_token"));
  EXPECT_EQ(json["verbose"], false);
  EXPECT_EQ(json["headers"], true);
  EXPECT_EQ(json["no_responders"], true);
}

TEST(ConnectRequest, SurvivesNamesThatAreNoUtf8) {
  EXPECT_NE(to_json({.name = "a\xff\"b\n"}).find("\\\"b\\n"), std::string::npos);
}

}  // namespace
}  // namespace squall::wire
