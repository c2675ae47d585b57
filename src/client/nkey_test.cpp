#include "client/nkey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/credentials.h"

namespace squall::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Nkey::Seed seed_of(std::uint8_t first) {
  Nkey::Seed seed;
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(first + i);
  return seed;
}

// A key pair out of NATS's documentation of NKEYs.
constexpr const char* kSeed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
constexpr const char* kPublic = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

TEST(Nkey, ReadsASeedAndKnowsItsPublicKey) {
  const auto key = Nkey::from_seed(kSeed);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->role(), NkeyRole::kUser);
  EXPECT_EQ(key->public_key(), kPublic);
  EXPECT_EQ(key->seed_text().reveal(), kSeed);
}

// RFC 8032, 7.1, test 1: the signature of nothing.
TEST(Nkey, SignsAsEd25519Does) {
  const Nkey::Seed seed{0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                        0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                        0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
  EXPECT_EQ(base64url_encode(Nkey(NkeyRole::kUser, seed).sign("")),
            "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw");
}

TEST(Nkey, EachRoleIsKept) {
  for (const NkeyRole role : {NkeyRole::kAccount, NkeyRole::kOperator, NkeyRole::kServer, NkeyRole::kUser}) {
    const auto key = Nkey::from_seed(Nkey(role, seed_of(3)).seed_text());
    ASSERT_TRUE(key) << name_of(role) << ": " << key.error().message();
    EXPECT_EQ(key->role(), role);
  }
  EXPECT_EQ(Nkey(NkeyRole::kAccount, seed_of(3)).public_key().front(), 'A');
  EXPECT_EQ(Nkey(NkeyRole::kOperator, seed_of(3)).public_key().front(), 'O');
}

TEST(Nkey, SaysWhatIsWrongWithASeedAndNeverShowsIt) {
  std::string damaged = kSeed;
  damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "0 characters instead of 58"},
      {std::string(kSeed).substr(0, 50), "50 characters instead of 58"},
      {damaged, "checksum"},
      {kPublic, "56"},
      {"su" + std::string(kSeed).substr(2), "no base32"}};
  for (const auto& [text, wanted] : cases) {
    const auto key = Nkey::from_seed(text);
    ASSERT_FALSE(key) << wanted;
    EXPECT_THAT(key.error().message(), HasSubstr(wanted));
    EXPECT_TRUE(text.empty() || key.error().message().find(text) == std::string::npos) << wanted;
  }
}

// A JWT as a server would be shown it; its signature does not matter here.
std::string jwt_of(const std::string& subject, const std::string& more = "") {
  return base64url_encode(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
         base64url_encode(R"({"name":"worker","sub":")" + subject + "\"" + more + "}") + ".sig";
}

std::string creds_of(const std::string& jwt, const std::string& seed) {
  return "-----BEGIN NATS USER JWT-----\r\n" + jwt +
         "\r\n------END NATS USER JWT------\r\n\r\n************************* IMPORTANT\r\n"
         "-----BEGIN USER NKEY SEED-----\r\n" +
         seed + "\r\n------END USER NKEY SEED------\r\n";
}

TEST(Credentials, ACredsFileGivesJwtAndSeed) {
  const auto read = parse_creds(creds_of(jwt_of(kPublic), kSeed));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->jwt.reveal(), jwt_of(kPublic));
  EXPECT_EQ(read->nkey_seed.reveal(), kSeed);
  EXPECT_EQ(read->describe(), fmt::format("the JWT of worker ({})", kPublic));
}

TEST(Credentials, ASeedThatIsNotTheJwtsIsNamed) {
  const std::string other = Nkey(NkeyRole::kUser, seed_of(1)).seed_text().reveal();
  const auto read = parse_creds(creds_of(jwt_of(kPublic), other));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("the seed is not the JWT's"));
  EXPECT_THAT(read.error().message(), Not(HasSubstr(other)));
  const std::string account = Nkey(NkeyRole::kAccount, seed_of(1)).seed_text().reveal();
  EXPECT_THAT(parse_creds(creds_of(jwt_of(kPublic), account)).error().message(), HasSubstr("of an account"));
}

TEST(Credentials, MissingPartsAreNamed) {
  EXPECT_THAT(parse_creds("").error().message(), HasSubstr("BEGIN NATS USER JWT"));
  EXPECT_THAT(parse_creds(creds_of(jwt_of(kPublic), "")).error().message(),
              HasSubstr("BEGIN USER NKEY SEED"));
  EXPECT_THAT(parse_creds(creds_of("a.b", kSeed)).error().message(), HasSubstr("three parts"));
  EXPECT_THAT(parse_creds(creds_of("a.***.c", kSeed)).error().message(), HasSubstr("no base64"));
  EXPECT_THAT(read_creds_file("/no/such.creds").error().message(),
              HasSubstr("credentials file /no/such.creds: cannot read it: No such file"));
}

TEST(Credentials, AnExpiredJwtSaysSo) {
  const Credentials expired{.jwt = jwt_of(kPublic, R"(,"exp":1700000000)")};
  EXPECT_THAT(expired.describe(), HasSubstr("expired since 2023-11-14T22:13:20"));
  const Credentials valid{.jwt = jwt_of(kPublic, R"(,"exp":4100000000)")};
  EXPECT_THAT(valid.describe(), Not(HasSubstr("expired")));
}

}  // namespace
}  // namespace squall::client
