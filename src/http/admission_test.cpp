#include "http/admission.h"

#include <gtest/gtest.h>

namespace squall::http {
namespace {

Request from(Headers headers) { return {.headers = std::move(headers)}; }

int status_of(const Request& request, const AdmissionRules& rules = {}) {
  const auto refusal = refusal_of(request, rules);
  return refusal ? refusal->status : 200;
}

TEST(Admission, AddressesAndLocalhostAreHosts) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8474", "localhost:8474", "LocalHost", "localhost.:8474",
                           "a.localhost", "[::1]:8474", "[::1]", "10.1.2.3:80", "[fe80::1]:80"}) {
    EXPECT_EQ(status_of(from({{"Host", host}})), 200) << host;
  }
}

TEST(Admission, ANameThatResolvesToUsIsNotEnough) {
  for (const char* host : {"evil.example:8474", "evil.example", "127.0.0.1.evil.example",
                           "localhost.evil.example", "notlocalhost"}) {
    EXPECT_EQ(status_of(from({{"Host", host}})), 403) << host;
  }
  EXPECT_EQ(status_of(from({{"Host", "Toxiproxy:8474"}}), {.host_names = {"toxiproxy"}}), 200);
}

TEST(Admission, ARequestNeedsOneHost) {
  EXPECT_EQ(status_of(from({})), 400);
  EXPECT_EQ(status_of(from({{"Host", "127.0.0.1"}, {"host", "evil.example"}})), 400);
  for (const char* host : {"", ":80", "127.0.0.1:", "127.0.0.1:x", "[::1", "[::1]x", "::1"}) {
    EXPECT_EQ(status_of(from({{"Host", host}})), 400) << host;
  }
}

TEST(Admission, APageOfAnotherOriginIsTurnedAway) {
  EXPECT_EQ(status_of(from({{"Host", "localhost:8474"}, {"Origin", "http://localhost:8474"}})), 200);
  for (const char* origin : {"http://evil.example", "null", "", "http://localhost", "http://localhost:8475",
                             "http://127.0.0.1:8474"}) {
    EXPECT_EQ(status_of(from({{"Host", "localhost:8474"}, {"Origin", origin}})), 403) << origin;
  }
  EXPECT_EQ(status_of(from({{"Host", "localhost:8474"}, {"Sec-Fetch-Site", "cross-site"}})), 403);
}

TEST(Admission, WithATokenEveryRequestCarriesIt) {
  const AdmissionRules rules{.token = "s3cret"};
  const auto with = [](const char* authorization) {
    return from({{"Host", "10.0.0.1"}, {"Authorization", authorization}});
  };
  EXPECT_EQ(status_of(with("Bearer s3cret"), rules), 200);
  EXPECT_EQ(status_of(with("bearer s3cret"), rules), 200);
  EXPECT_EQ(status_of(from({{"Host", "10.0.0.1"}}), rules), 401);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer  s3cret", "Basic s3cret", "s3cret",
        "Basic ", "Basic =", "Basic c3F1YWxsOnMzY3JldA", "Basic c3F1YWxsOnMzY3JldHM=", "Basic czNjcmV0"}) {
    EXPECT_EQ(status_of(with(wrong), rules), 401) << wrong;
  }
}

TEST(Admission, TheTokenMayStandInTheUrlAsAPassword) {
  const AdmissionRules rules{.token = "s3cret"};
  for (const char* right : {"Basic c3F1YWxsOnMzY3JldA==", "basic OnMzY3JldA=="}) {  // squall:s3cret, :s3cret
    EXPECT_EQ(status_of(from({{"Host", "10.0.0.1"}, {"Authorization", right}}), rules), 200) << right;
  }
}

TEST(Admission, SecretsAreComparedWhole) {
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "abcd"));
  EXPECT_FALSE(same_secret("", "a"));
}

}  // namespace
}  // namespace squall::http
