#include "proxy/info_rewrite.h"

namespace squall::proxy {
namespace {

InfoView view() {
  return {.listen = {"127.0.0.1", 9000},
          .proxied = [](std::string_view url) -> std::string {
            if (url == "10.0.0.1:4222") return "127.0.0.1:9000";
            if (url == "10.0.0.2:4222") return "127.0.0.1:9001";
            return "";
          },
          .tls_required = {}};
}

TEST(InfoRewrite, NamesProxiedAddressesOnly) {
  const auto info = rewrite_info(
      R"({"server_id":"A","host":"0.0.0.0","port":4222,"x":1,"connect_urls":["10.0.0.1:4222","10.0.0.2:4222","10.0.0.3:4222"]})",
      view());
  EXPECT_EQ(info,
            "INFO "
            "{\"server_id\":\"A\",\"host\":\"127.0.0.1\",\"port\":9000,\"x\":1,\"connect_urls\":[\"127.0.0.1:"
            "9000\","
            "\"127.0.0.1:9001\"]}\r\n");
}

TEST(InfoRewrite, LeavesAloneWhatNamesNoAddress) {
  EXPECT_EQ(rewrite_info(R"({"server_id":"A","ldm":true})", view()), std::nullopt);
  EXPECT_EQ(rewrite_info("no json", view()), std::nullopt);
}

TEST(InfoRewrite, NamesAnAddressOnce) {
  const auto info = rewrite_info(R"({"connect_urls":["10.0.0.2:4222","10.0.0.2:4222"]})", view());
  EXPECT_EQ(info, "INFO {\"connect_urls\":[\"127.0.0.1:9001\"]}\r\n");
}

}  // namespace
}  // namespace squall::proxy
