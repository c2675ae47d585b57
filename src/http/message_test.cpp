#include "http/message.h"

#include <gtest/gtest.h>

namespace squall::http {
namespace {

TEST(HttpTarget, IsTakenApartAndDecoded) {
  const auto target = parse_target("/proxies/my%20nats%2Fa?verbose=1&x=%20");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/proxies/my nats/a");
  EXPECT_EQ(target->query, "verbose=1&x=%20") << "the query stays as it was sent";
}

TEST(HttpTarget, RefusesWhatIsNotAPath) {
  for (const char* target : {"", "proxies", "http://example.com/", "*", "/%", "/%2", "/%zz", "/a%4"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(HttpHeaders, AreFoundInAnyCase) {
  const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(count_headers(headers, "Content-type"), 2U);
  EXPECT_FALSE(find_header(headers, "Content-Typ"));
}

}  // namespace
}  // namespace squall::http
