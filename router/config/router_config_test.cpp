#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "router/config/config_file.h"
#include "router/config/defect.h"

namespace router::config {
namespace {

std::optional<std::string> no_environment(const char*) { return std::nullopt; }

ParsedConfig parse(const std::string& yaml) {
  return parse_config(
      {.path = "r.yaml", .text = yaml, .policy_path = {}, .policy_text = {}, .policy_error = {}},
      no_environment);
}

std::string problems_of(const std::string& yaml) { return to_text(parse(yaml).problems); }

TEST(RouterConfig, NoFileMeansTheDefaults) {
  const ParsedConfig parsed = parse_config({}, no_environment);
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.config, RouterConfig{});
}

TEST(RouterConfig, TheFirstLineAloneMeansTheDefaults) {
  const ParsedConfig parsed = parse("router: 1\n");
  EXPECT_TRUE(parsed.ok()) << to_text(parsed.problems);
  EXPECT_EQ(parsed.config, RouterConfig{});
}

TEST(RouterConfig, TheExampleStatesEveryDefault) {
  std::stringstream text;
  text << std::ifstream(SQUALL_SOURCE_DIR "/router/router.example.yaml").rdbuf();
  ParsedConfig parsed = parse(text.str());
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.problems);
  EXPECT_EQ(parsed.config.policy.providers.size(), 3U);
  EXPECT_EQ(parsed.config.policy.breaker, BreakerSettings{});
  parsed.config.policy = PolicySettings{};
  EXPECT_EQ(parsed.config, RouterConfig{});
}

TEST(RouterConfig, ReadsWhatIsSet) {
  const ParsedConfig parsed = parse(R"(router: 1
nats: {urls: [nats://10.0.0.1:4222, nats://10.0.0.2:4222], reconnect_wait: 200ms}
http: {listen: "[::1]:8222"}
log: {level: debug, path: router.log}
roles: {decide: 4}
jetstream: {storage: memory, replicas: 3}
decide: {ack_wait: 1.5s, nak_delays: [10ms, 20ms]}
limits: {payload: 64KiB}
allow: {tenants: [acme], assignment_subjects: ["jobs.*.>"]}
)");
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.problems);
  const RouterConfig& config = parsed.config;
  EXPECT_EQ(config.nats.urls, (std::vector<std::string>{"nats://10.0.0.1:4222", "nats://10.0.0.2:4222"}));
  EXPECT_EQ(config.nats.reconnect_wait, 200ms);
  EXPECT_EQ(config.http, (HttpSettings{"::1", 8222}));
  EXPECT_EQ(config.log, (LogSettings{"router.log", LogLevel::debug}));
  EXPECT_EQ(config.roles.decide, 4);
  EXPECT_EQ(config.jetstream.storage, Storage::memory);
  EXPECT_EQ(config.decide.ack_wait, 1500ms);
  EXPECT_EQ(config.decide.nak_delays, (std::vector<Duration>{10ms, 20ms}));
  EXPECT_EQ(config.decide.durable, "router-decide");
  EXPECT_EQ(config.limits.payload_bytes, 65536U);
  EXPECT_EQ(config.allow.tenants, std::vector<std::string>{"acme"});
}

TEST(RouterConfig, ProvidersWithoutPoliciesTakeEqualParts) {
  const ParsedConfig parsed = parse("router: 1\npolicy:\n  providers: {a: {}, b: {expected_latency: 1s}}\n");
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.problems);
  EXPECT_EQ(parsed.config.policy.policies.at("default").weights,
            (std::vector<WeightedProvider>{{"a", 1.0}, {"b", 1.0}}));
  EXPECT_EQ(parsed.config.policy.providers.at("b").expected_latency, 1s);
}

struct BadFile {
  const char* name;
  const char* yaml;
  const char* problems;
};

class BadRouterConfig : public testing::TestWithParam<BadFile> {};

TEST_P(BadRouterConfig, IsRefusedAtTheLineOfTheMistake) {
  EXPECT_EQ(problems_of(GetParam().yaml), GetParam().problems);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadRouterConfig,
    testing::Values(
        BadFile{"Empty", "", "r.yaml:1:1: expected a mapping that begins with \"router: 1\"\n"},
        BadFile{"AList", "- router\n", "r.yaml:1:1: expected a mapping that begins with \"router: 1\"\n"},
        BadFile{"NotYaml", "router: 1\nnats: [\n", "r.yaml:3:1: not YAML: end of sequence flow not found\n"},
        BadFile{"TwoDocuments", "router: 1\n---\nrouter: 1\n", "r.yaml:1:1: expected one YAML document\n"},
        BadFile{"NoVersion", "run_dir: /tmp/x\n",
                "r.yaml:1:1: router: expected \"router: 1\", the version of this format\n"},
        BadFile{"OtherVersion", "router: 2\n", "r.yaml:1:9: router: expected from 1 to 1, not 2\n"},
        BadFile{"UnknownField", "router: 1\nnats:\n  reconnect_wiat: 10ms\n",
                "r.yaml:3:3: nats.reconnect_wiat: no such field (did you mean reconnect_wait?)\n"},
        BadFile{"UnknownFieldNearNone", "router: 1\nhttp:\n  zzzzzzzz: 1\n",
                "r.yaml:3:3: http.zzzzzzzz: no such field (known: listen)\n"},
        BadFile{"UnknownSection", "router: 1\nsupervison: {}\n",
                "r.yaml:2:1: supervison: no such field (did you mean supervision?)\n"},
        BadFile{"GivenTwice", "router: 1\nroles: {decide: 1, decide: 2}\n",
                "r.yaml:2:20: roles.decide: is given twice\n"},
        BadFile{"ScalarForMapping", "router: 1\nnats: nats://x\n",
                "r.yaml:2:7: nats: expected a mapping, not \"nats://x\"\n"},
        BadFile{"NothingForMapping", "router: 1\nnats:\nroles: {decide: 1}\n",
                "r.yaml:2:1: nats: expected a mapping, not nothing\n"},
        BadFile{"ScalarForList", "router: 1\nnats:\n  urls: nats://x\n",
                "r.yaml:3:9: nats.urls: expected a list, each a url such as nats://127.0.0.1:4222, not "
                "\"nats://x\"\n"},
        BadFile{"NoUrls", "router: 1\nnats: {urls: []}\n",
                "r.yaml:2:14: nats.urls: expected at least one url\n"},
        BadFile{"OneBadUrl", "router: 1\nnats: {urls: [\"http://b\"]}\n",
                "r.yaml:2:15: nats.urls: expected a url such as nats://127.0.0.1:4222, not \"http://b\"\n"},
        BadFile{"BadUrl", "router: 1\nnats: {urls: [\"nats://a:1\", \"http://b\"]}\n",
                "r.yaml:2:29: nats.urls: expected a url such as nats://127.0.0.1:4222, not \"http://b\"\n"},
        BadFile{
            "BadPort", "router: 1\nnats: {urls: [\"nats://a:1\", \"nats://a:99999\"]}\n",
            "r.yaml:2:29: nats.urls: expected a url such as nats://127.0.0.1:4222, not \"nats://a:99999\"\n"},
        BadFile{"OverlappingSubjects", "router: 1\nassign: {subject: router.v1}\n",
                "r.yaml:2:9: assign: router.v1.> overlaps with router.v1.decide of decide\n"},
        BadFile{"ARequestSubjectInAStream", "router: 1\nsubjects: {admin: router.v1.usage}\n",
                "r.yaml:2:11: subjects: router.v1.usage.> overlaps with router.v1.usage.> of usage\n"},
        BadFile{"BareNumberForDuration", "router: 1\ndecide: {ack_wait: 30}\n",
                "r.yaml:2:20: decide.ack_wait: expected a duration such as 250ms, 2s or 1m, not \"30\"\n"},
        BadFile{"NegativeDuration", "router: 1\ndecide: {ack_wait: -1s}\n",
                "r.yaml:2:20: decide.ack_wait: expected a duration such as 250ms, 2s or 1m, not \"-1s\"\n"},
        BadFile{"DurationOutOfRange", "router: 1\ndecide: {ack_wait: 1ms}\n",
                "r.yaml:2:20: decide.ack_wait: expected from 10ms to 24h, not 1ms\n"},
        BadFile{
            "BadDurationInList", "router: 1\nresult: {nak_delays: [1s, soon]}\n",
            "r.yaml:2:27: result.nak_delays: expected a duration such as 250ms, 2s or 1m, not \"soon\"\n"},
        BadFile{"NoDelays", "router: 1\nresult: {nak_delays: []}\n",
                "r.yaml:2:22: result.nak_delays: expected at least one duration\n"},
        BadFile{"NotANumber", "router: 1\nroles: {decide: many}\n",
                "r.yaml:2:17: roles.decide: expected a whole number, not \"many\"\n"},
        BadFile{"FractionForCount", "router: 1\nroles: {decide: 1.5}\n",
                "r.yaml:2:17: roles.decide: expected a whole number, not \"1.5\"\n"},
        BadFile{"TooMany", "router: 1\nroles: {decide: 33}\n",
                "r.yaml:2:17: roles.decide: expected from 1 to 32, not 33\n"},
        BadFile{"Overflow", "router: 1\nbackpressure: {pending: 99999999999999999999}\n",
                "r.yaml:2:25: backpressure.pending: expected a whole number, not \"99999999999999999999\"\n"},
        BadFile{"BadSize", "router: 1\nlimits: {payload: 1MB}\n",
                "r.yaml:2:19: limits.payload: expected a size such as 4096, 64KiB or 1MiB, not \"1MB\"\n"},
        BadFile{"BadLevel", "router: 1\nlog: {level: inof}\n",
                "r.yaml:2:14: log.level: expected one of debug, info, warning, error, not \"inof\" "
                "(did you mean info?)\n"},
        BadFile{"BadBool", "router: 1\nnats: {ignore_discovered_servers: yes please}\n",
                "r.yaml:2:35: nats.ignore_discovered_servers: expected true or false, not \"yes please\"\n"},
        BadFile{
            "BadListen", "router: 1\nhttp: {listen: \"127.0.0.1:70000\"}\n",
            "r.yaml:2:16: http.listen: expected host:port, such as 127.0.0.1:8222 (port 0: a free one), not "
            "\"127.0.0.1:70000\"\n"},
        BadFile{"WildcardSubject", "router: 1\ndecide: {subject: \"a.>\"}\n",
                "r.yaml:2:19: decide.subject: expected a NATS subject without wildcards, not \"a.>\"\n"},
        BadFile{"DottedDurable", "router: 1\ndecide: {durable: a.b}\n",
                "r.yaml:2:19: decide.durable: expected a stream or consumer name (no dots, spaces or "
                "wildcards), not "
                "\"a.b\"\n"},
        BadFile{"DollarAllowed", "router: 1\nallow: {reply_subjects: [\"$JS.API.>\"]}\n",
                "r.yaml:2:26: allow.reply_subjects: expected a NATS subject (* and > allowed) that does not "
                "begin "
                "with $, not \"$JS.API.>\"\n"},
        BadFile{"SharedStream", "router: 1\nusage: {stream: ROUTER_ASSIGN}\n",
                "r.yaml:2:8: usage: the stream ROUTER_ASSIGN is already used by assign\n"},
        BadFile{"HeartbeatTooSlow", "router: 1\ndecide: {pull_expires: 1s, idle_heartbeat: 600ms}\n",
                "r.yaml:2:44: decide.idle_heartbeat: expected at most half of pull_expires\n"},
        BadFile{"BackoffUpsideDown", "router: 1\nsupervision: {backoff_min: 3s}\n",
                "r.yaml:2:14: supervision.backoff_max: expected at least backoff_min\n"},
        BadFile{"UnknownProvider",
                "router: 1\npolicy:\n  providers: {fast: {}}\n  policies:\n    default:\n      weights: "
                "{fsat: 1}\n",
                "r.yaml:6:23: policy.policies.default.weights.fsat: no such provider (did you mean fast?)\n"},
        BadFile{"UnknownFallback",
                "router: 1\npolicy:\n  policies:\n    default: {weights: {default: 1}, fallbacks: [other]}\n",
                "r.yaml:4:49: policy.policies.default.fallbacks: other: no such provider\n"},
        BadFile{
            "ZeroWeight", "router: 1\npolicy:\n  policies:\n    default: {weights: {default: 0}}\n",
            "r.yaml:4:34: policy.policies.default.weights.default: expected from 1e-06 to 1000000, not 0\n"},
        BadFile{"NoWeights", "router: 1\npolicy:\n  policies:\n    default: {}\n",
                "r.yaml:4:14: policy.policies.default: expected weights, such as {fast: 3, cheap: 1}\n"},
        BadFile{"NoDefaultPolicy", "router: 1\npolicy:\n  policies:\n    a: {weights: {default: 1}}\n",
                "r.yaml:3:3: policy.default_policy: there is no policy default\n"},
        BadFile{"PolicyTwice", "router: 1\npolicy: {}\npolicy_file: p.yaml\n",
                "r.yaml:3:14: policy_file: expected either policy or policy_file, not both\n"}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST(RouterConfig, NamesAllProblemsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(problems_of("router: 1\nusage: {subjct: x}\nroles: {decide: 0}\nlog: {level: loud}\n"),
            "r.yaml:2:9: usage.subjct: no such field (did you mean subject?)\n"
            "r.yaml:3:17: roles.decide: expected from 1 to 32, not 0\n"
            "r.yaml:4:14: log.level: expected one of debug, info, warning, error, not \"loud\"\n");
}

TEST(RouterConfig, AMappingOfAbsurdLengthIsRefusedQuickly) {
  std::string yaml = "router: 1\npolicy:\n  providers:\n";
  for (int i = 0; i < 20'000; ++i) yaml += fmt::format("    p{}: {{}}\n", i);
  EXPECT_THAT(problems_of(yaml),
              testing::HasSubstr("r.yaml:4:5: policy.providers: expected at most 1000 entries, not 20000\n"));
}

TEST(RouterConfig, ThePolicyFileHasItsOwnLines) {
  ConfigText text{.path = "r.yaml",
                  .text = "router: 1\npolicy_file: p.yaml\n",
                  .policy_path = "p.yaml",
                  .policy_text = "providers: {a: {}}\nbreaker: {window: 1ms}\n",
                  .policy_error = {}};
  EXPECT_EQ(to_text(parse_config(text, no_environment).problems),
            "p.yaml:2:19: breaker.window: expected from 1s to 1h, not 1ms\n");
  text.policy_text = "providers: {a: {}}\n";
  EXPECT_TRUE(parse_config(text, no_environment).config.policy.providers.contains("a"));
  text.policy_error = "cannot read p.yaml: gone";
  EXPECT_EQ(to_text(parse_config(text, no_environment).problems),
            "r.yaml:2:14: policy_file: cannot read p.yaml: gone\n");
}

TEST(RouterConfig, TheEnvironmentOverridesTheFile) {
  const auto environment = [](const char* name) -> std::optional<std::string> {
    return std::string_view(name) == "NATS_URL" ? "nats://a:1,nats://b:2" : "8080";
  };
  const ParsedConfig parsed = parse_config({.path = "r.yaml",
                                            .text = "router: 1\nnats: {urls: [\"nats://file:1\"]}\n",
                                            .policy_path = {},
                                            .policy_text = {},
                                            .policy_error = {}},
                                           environment);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.config.nats.urls, (std::vector<std::string>{"nats://a:1", "nats://b:2"}));
  EXPECT_EQ(parsed.config.http.port, 8080);
}

TEST(RouterConfig, ABadEnvironmentIsNamed) {
  const auto environment = [](const char* name) -> std::optional<std::string> {
    return std::string_view(name) == "NATS_URL" ? "http://a" : "-1";
  };
  EXPECT_EQ(to_text(parse_config({}, environment).problems),
            "environment: HEALTH_PORT: expected a port from 0 to 65535, not \"-1\"\n"
            "environment: NATS_URL: expected urls such as nats://127.0.0.1:4222, not \"http://a\"\n");
}

TEST(RouterConfig, PackingKeepsAnyBytes) {
  const ConfigText text{.path = "a\nb",
                        .text = std::string("x\0y\n3\n", 6),
                        .policy_path = "",
                        .policy_text = "12\n",
                        .policy_error = {}};
  const auto back = unpack(pack(text));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->path, text.path);
  EXPECT_EQ(back->text, text.text);
  EXPECT_EQ(back->policy_path, text.policy_path);
  EXPECT_EQ(back->policy_text, text.policy_text);
}

TEST(RouterConfig, WhatIsCutShortDoesNotUnpack) {
  const std::string packed = pack(
      {.path = "r.yaml", .text = "router: 1\n", .policy_path = {}, .policy_text = {}, .policy_error = {}});
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_FALSE(unpack(packed.substr(0, size))) << size;
}

TEST(Defect, NamesRoundTripAndUnknownOnesAreNone) {
  for (const auto& [defect, name] : kDefectNames) {
    EXPECT_EQ(defect_named(name), defect);
    EXPECT_EQ(name_of(defect), name);
    EXPECT_EQ(has(defect, defect), kDefectsPlanted);
    EXPECT_FALSE(has(Defect::none, defect));
  }
  EXPECT_EQ(defect_named("restart_lop"), std::nullopt);
}

}  // namespace
}  // namespace router::config
