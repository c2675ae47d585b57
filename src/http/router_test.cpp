#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::http {
namespace {

using ::testing::ElementsAre;

Router<std::string> proxies() {
  Router<std::string> router;
  router.add("GET", "/proxies", "list");
  router.add("POST", "/proxies", "create");
  router.add("GET", "/proxies/{}/toxics/{}", "toxic");
  return router;
}

TEST(Router, FindsTheFunctionByMethodAndPath) {
  const auto router = proxies();
  ASSERT_NE(router.find("GET", "/proxies").function, nullptr);
  EXPECT_EQ(*router.find("GET", "/proxies").function, "list");
  EXPECT_EQ(*router.find("POST", "/proxies").function, "create");
}

TEST(Router, HandsOverTheOpenPartsOfThePath) {
  const auto router = proxies();
  const auto match = router.find("GET", "/proxies/my nats/toxics/latency_down");
  ASSERT_NE(match.function, nullptr);
  EXPECT_THAT(match.parts, ElementsAre("my nats", "latency_down"));
}

TEST(Router, TellsAnUnknownPathFromAnotherMethod) {
  const auto router = proxies();
  EXPECT_TRUE(router.find("PUT", "/proxies").other_method);
  EXPECT_EQ(router.find("PUT", "/proxies").function, nullptr);
  for (const char* path :
       {"/", "/proxies/", "/proxy", "/proxies//toxics/x", "/proxies/a/toxics/", "/proxies/a/b/toxics/x"}) {
    EXPECT_EQ(router.find("GET", path).function, nullptr) << path;
    EXPECT_FALSE(router.find("GET", path).other_method) << path;
  }
}

}  // namespace
}  // namespace squall::http
