#include "router/config/config_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "router/config/policy_section.h"
#include "router/config/yaml_section.h"

namespace router::config {

using squall::base::fail;
using squall::base::Result;

namespace {

constexpr std::string_view kSubject = "a NATS subject without wildcards";
constexpr std::string_view kPattern = "a NATS subject (* and > allowed) that does not begin with $";
constexpr std::string_view kName = "a stream or consumer name (no dots, spaces or wildcards)";
constexpr std::uintmax_t kMaxFileSize = 1024 * 1024;

bool is_anything(std::string_view) { return true; }
bool is_not_empty(std::string_view text) { return !text.empty(); }
bool is_subject_token(std::string_view text) { return is_subject(text) && text.find('.') == text.npos; }

void read_nats(YamlSection section, NatsSettings& nats) {
  section.read("urls", nats.urls, is_nats_url, "a url such as nats://127.0.0.1:4222");
  if (nats.urls.empty()) section.problem("urls", "expected at least one url");
  section.read("reconnect_wait", nats.reconnect_wait, {1ms, 1min});
  section.read("reconnect_jitter", nats.reconnect_jitter, {0ms, 1min});
  section.read("connect_timeout", nats.connect_timeout, {10ms, 1min});
  section.read("ping_interval", nats.ping_interval, {10ms, 1h});
  section.read("max_pings_out", nats.max_pings_out, {1, 100});
  section.read("request_timeout", nats.request_timeout, {10ms, 1min});
  section.read("ignore_discovered_servers", nats.ignore_discovered_servers);
  section.refuse_unknown();
}

void read_consumer(YamlSection section, ConsumerSettings& consumer) {
  section.read("subject", consumer.subject, is_subject, kSubject);
  section.read("stream", consumer.stream, is_stream_name, kName);
  section.read("durable", consumer.durable, is_stream_name, kName);
  section.read("ack_wait", consumer.ack_wait, {10ms, 24h});
  section.read("max_ack_pending", consumer.max_ack_pending, {1, 1'000'000});
  section.read("nak_delays", consumer.nak_delays, {0ms, 24h});
  section.read("attempts", consumer.attempts, {1, 1'000'000});
  section.read("progress_after", consumer.progress_after, {10ms, 24h});
  section.read("pull_batch", consumer.pull_batch, {1, 10'000});
  section.read("pull_expires", consumer.pull_expires, {100ms, 10min});
  section.read("idle_heartbeat", consumer.idle_heartbeat, {10ms, 5min});
  // NATS refuses the pull otherwise: "heartbeat value too large".
  if (consumer.idle_heartbeat * 2 > consumer.pull_expires) {
    section.problem("idle_heartbeat", "expected at most half of pull_expires");
  }
  section.refuse_unknown();
}

void read_output(YamlSection section, OutputSettings& output, Duration* max_age) {
  section.read("subject", output.subject, is_subject, kSubject);
  section.read("stream", output.stream, is_stream_name, kName);
  if (max_age != nullptr) section.read("max_age", *max_age, {1s, 8760h});
  section.refuse_unknown();
}

void read_jetstream(YamlSection section, JetStreamSettings& jetstream) {
  static constexpr std::array<std::pair<std::string_view, Storage>, 2> kStorages{
      {{"file", Storage::file}, {"memory", Storage::memory}}};
  section.read("replicas", jetstream.replicas, {1, 5});
  section.read_one_of("storage", jetstream.storage, kStorages);
  section.read("duplicate_window", jetstream.duplicate_window, {100ms, 24h});
  section.read("max_age", jetstream.max_age, {0s, 87600h});
  section.refuse_unknown();
}

void read_subjects(YamlSection section, SubjectSettings& subjects) {
  section.read("backpressure_status", subjects.backpressure_status, is_subject, kSubject);
  section.read("admin", subjects.admin, is_subject, kSubject);
  section.read("provider_outcome", subjects.provider_outcome, is_subject, kSubject);
  section.read("dlq_suffix", subjects.dlq_suffix, is_subject_token, "one token of a subject");
  section.read("dlq_stream", subjects.dlq_stream, is_stream_name, kName);
  section.read("advisory_stream", subjects.advisory_stream, is_stream_name, kName);
  section.refuse_unknown();
}

void read_log(YamlSection section, LogSettings& log) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
      {{"debug", LogLevel::debug},
       {"info", LogLevel::info},
       {"warning", LogLevel::warning},
       {"error", LogLevel::error}}};
  section.read("path", log.path, is_anything, "a path");
  section.read_one_of("level", log.level, kLevels);
  section.refuse_unknown();
}

void read_allow(YamlSection section, AllowSettings& allow) {
  section.read("assignment_subjects", allow.assignment_subjects, is_subject_pattern, kPattern);
  section.read("reply_subjects", allow.reply_subjects, is_subject_pattern, kPattern);
  section.read("tenants", allow.tenants, is_not_empty, "a tenant");
  section.refuse_unknown();
}

void read_backpressure(YamlSection section, BackpressureSettings& backpressure) {
  section.read("pending", backpressure.pending, {1});
  section.read("decide_p95", backpressure.decide_p95, {1ms, 100s});
  section.read("in_flight", backpressure.in_flight, {1});
  section.read("active_after", backpressure.active_after, {0ms, 1h});
  section.read("sample_every", backpressure.sample_every, {10ms, 1min});
  section.read("retry_after", backpressure.retry_after, {1ms, 1h});
  section.refuse_unknown();
}

void read_supervision(YamlSection section, SupervisionSettings& supervision) {
  section.read("restarts", supervision.restarts, {0, 1000});
  section.read("within", supervision.within, {1ms, 24h});
  section.read("stable_after", supervision.stable_after, {1ms, 24h});
  section.read("backoff_min", supervision.backoff_min, {0ms, 1h});
  section.read("backoff_max", supervision.backoff_max, {0ms, 1h});
  if (supervision.backoff_max < supervision.backoff_min) {
    section.problem("backoff_max", "expected at least backoff_min");
  }
  section.read("drain_deadline", supervision.drain_deadline, {1s, 10min});
  section.read("heartbeat_every", supervision.heartbeat_every, {10ms, 10s});
  section.read("heartbeat_stale", supervision.heartbeat_stale, {50ms, 1h});
  if (supervision.heartbeat_stale < supervision.heartbeat_every * 3) {
    section.problem("heartbeat_stale", "expected at least three times heartbeat_every");
  }
  section.refuse_unknown();
}

template <typename Settings>
void read_part(YamlSection& root, const char* name, Settings& settings,
               void (*read)(YamlSection, Settings&)) {
  if (auto section = root.section(name)) read(std::move(*section), settings);
}

void read_root(YamlSection& root, RouterConfig& config) {
  int version = 0;
  root.read("router", version, {1, 1});
  if (!root.has("router")) root.problem("router", "expected \"router: 1\", the version of this format");
  read_part(root, "nats", config.nats, read_nats);
  root.read("run_dir", config.run_dir, is_anything, "a path");
  if (auto http = root.section("http")) {
    http->read_listen("listen", config.http);
    http->refuse_unknown();
  }
  read_part(root, "log", config.log, read_log);
  if (auto roles = root.section("roles")) {
    roles->read("decide", config.roles.decide, {1, 32});
    roles->refuse_unknown();
  }
  read_part(root, "jetstream", config.jetstream, read_jetstream);
  read_part(root, "decide", config.decide, read_consumer);
  read_part(root, "result", config.result, read_consumer);
  if (auto part = root.section("decision")) {
    read_output(std::move(*part), config.decision, &config.decision_max_age);
  }
  if (auto part = root.section("assign")) read_output(std::move(*part), config.assign, nullptr);
  if (auto part = root.section("usage")) read_output(std::move(*part), config.usage, nullptr);
  read_part(root, "subjects", config.subjects, read_subjects);
  if (auto limits = root.section("limits")) {
    limits->read_bytes("payload", config.limits.payload_bytes, {1024, 64UL * 1024 * 1024});
    limits->refuse_unknown();
  }
  read_part(root, "allow", config.allow, read_allow);
  read_part(root, "backpressure", config.backpressure, read_backpressure);
  read_part(root, "supervision", config.supervision, read_supervision);
}

// Streams are created by subject and name, so no two may share either.
void check_streams_apart(YamlSection& root, const RouterConfig& config) {
  const std::array<std::pair<const char*, const std::string*>, 7> streams{
      {{"decide", &config.decide.stream},
       {"result", &config.result.stream},
       {"decision", &config.decision.stream},
       {"assign", &config.assign.stream},
       {"usage", &config.usage.stream},
       {"subjects", &config.subjects.dlq_stream},
       {"subjects", &config.subjects.advisory_stream}}};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (*streams[i].second != *streams[j].second) continue;
      root.problem(streams[i].first,
                   fmt::format("the stream {} is already used by {}", *streams[i].second, streams[j].first));
    }
  }
}

// What is published, requested or consumed must not land in a stream that it is not meant for (and NATS
// refuses two streams with a subject in common).
void check_subjects_apart(YamlSection& root, const RouterConfig& config) {
  struct Use {
    const char* section;
    std::string subjects;
  };
  const auto dlq_of = [&](const ConsumerSettings& consumer) {
    return consumer.subject + "." + config.subjects.dlq_suffix;
  };
  const std::array<Use, 10> uses{{{"decide", config.decide.subject},
                                  {"result", config.result.subject},
                                  {"decision", config.decision.subject + ".>"},
                                  {"assign", config.assign.subject + ".>"},
                                  {"usage", config.usage.subject + ".>"},
                                  {"subjects", dlq_of(config.decide)},
                                  {"subjects", dlq_of(config.result)},
                                  {"subjects", config.subjects.backpressure_status},
                                  {"subjects", config.subjects.provider_outcome},
                                  {"subjects", config.subjects.admin + ".>"}}};
  // One wrong subject can overlap with all others, so each section of the file is blamed once.
  std::set<std::string_view> blamed;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!subjects_overlap(uses[i].subjects, uses[j].subjects)) continue;
      const auto& [mine, other] =
          root.has(uses[i].section) ? std::tie(uses[i], uses[j]) : std::tie(uses[j], uses[i]);
      if (!blamed.insert(mine.section).second) continue;
      root.problem(mine.section,
                   fmt::format("{} overlaps with {} of {}", mine.subjects, other.subjects, other.section));
    }
  }
}

// The root of a YAML text, or nothing and a problem.
std::optional<YAML::Node> load_root(const std::string& path, const std::string& text, Problems& problems) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() == 1 && documents[0].IsMap()) return documents[0];
    problems.push_back({path, 1, 1, "",
                        documents.size() > 1 ? "expected one YAML document"
                                             : "expected a mapping that begins with \"router: 1\""});
  } catch (const YAML::Exception& error) {
    const YAML::Mark& mark = error.mark;
    problems.push_back({path, mark.is_null() ? 1 : mark.line + 1, mark.is_null() ? 1 : mark.column + 1, "",
                        fmt::format("not YAML: {}", error.msg)});
  }
  return std::nullopt;
}

void read_policies(YamlSection& root, const ConfigText& text, ParsedConfig& parsed) {
  std::string policy_file;
  root.read("policy_file", policy_file, is_not_empty, "a path");
  auto inline_section = root.section("policy");
  if (inline_section && !policy_file.empty()) {
    root.problem("policy_file", "expected either policy or policy_file, not both");
    return;
  }
  if (inline_section) return read_policy(std::move(*inline_section), parsed.config.policy);
  if (policy_file.empty() || text.policy_path.empty()) return;
  if (!text.policy_error.empty()) return root.problem("policy_file", text.policy_error);
  if (auto node = load_root(text.policy_path, text.policy_text, parsed.problems)) {
    read_policy(YamlSection(*node, "", text.policy_path, parsed.problems), parsed.config.policy);
  }
}

void apply_environment(const Environment& environment, ParsedConfig& parsed) {
  const auto refuse = [&](const char* name, std::string message) {
    parsed.problems.push_back({"environment", 0, 0, name, std::move(message)});
  };
  if (const auto urls = environment("NATS_URL"); urls && !urls->empty()) {
    parsed.config.nats.urls.clear();
    std::stringstream list(*urls);
    for (std::string url; std::getline(list, url, ',');) {
      if (is_nats_url(url)) {
        parsed.config.nats.urls.push_back(url);
      } else {
        refuse("NATS_URL", fmt::format("expected urls such as nats://127.0.0.1:4222, not \"{}\"", url));
      }
    }
  }
  if (const auto port = environment("HEALTH_PORT"); port && !port->empty()) {
    const auto number = parse_integer(*port);
    if (number && *number >= 0 && *number <= 65535) {
      parsed.config.http.port = static_cast<std::uint16_t>(*number);
    } else {
      refuse("HEALTH_PORT", fmt::format("expected a port from 0 to 65535, not \"{}\"", *port));
    }
  }
}

void parse_yaml(const ConfigText& text, ParsedConfig& parsed) {
  const auto node = load_root(text.path, text.text, parsed.problems);
  if (!node) return;
  YamlSection root(*node, "", text.path, parsed.problems);
  read_root(root, parsed.config);
  read_policies(root, text, parsed);
  root.refuse_unknown();
  check_streams_apart(root, parsed.config);
  check_subjects_apart(root, parsed.config);
}

Result<std::string> read_whole(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail("cannot read {}: it is a folder", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return squall::base::fail_errno(fmt::format("cannot read {}", path), errno);
  std::string text(kMaxFileSize + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileSize) return fail("cannot read {}: it is larger than 1 MiB", path);
  return text;
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += fmt::format(":{}:{}", problem.line, problem.column);
  if (!problem.field.empty()) text += fmt::format(": {}", problem.field);
  return text + ": " + problem.message;
}

std::string to_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem) + "\n";
  return text;
}

Result<ConfigText> read_config(const std::string& path) {
  auto text = read_whole(path);
  if (!text) return std::unexpected(text.error());
  ConfigText files{.path = path, .text = std::move(*text), .policy_path = {}, .policy_text = {}};
  try {
    const YAML::Node root = YAML::Load(files.text);
    if (!root.IsMap() || !root["policy_file"].IsDefined() || !root["policy_file"].IsScalar()) return files;
    const std::string named = root["policy_file"].Scalar();
    if (named.empty()) return files;
    files.policy_path = (std::filesystem::path(path).parent_path() / named).string();
  } catch (const YAML::Exception&) {
    return files;  // parse_config says what is wrong, and where
  }
  auto policy = read_whole(files.policy_path);
  if (policy) {
    files.policy_text = std::move(*policy);
  } else {
    files.policy_error = policy.error().message();
  }
  return files;
}

// Lengths, then the texts: whatever bytes they have.
std::string pack(const ConfigText& text) {
  std::string packed;
  for (const std::string* part : {&text.path, &text.text, &text.policy_path, &text.policy_text}) {
    packed += fmt::format("{}\n", part->size());
    packed += *part;
  }
  return packed;
}

Result<ConfigText> unpack(const std::string& packed) {
  ConfigText text;
  std::string_view rest = packed;
  for (std::string* part : {&text.path, &text.text, &text.policy_path, &text.policy_text}) {
    const std::size_t end = rest.find('\n');
    const auto size = end == rest.npos ? std::nullopt : parse_integer(rest.substr(0, end));
    if (!size || *size < 0 || rest.size() - end - 1 < static_cast<std::size_t>(*size)) {
      return fail("the inherited configuration is damaged");
    }
    *part = rest.substr(end + 1, static_cast<std::size_t>(*size));
    rest.remove_prefix(end + 1 + static_cast<std::size_t>(*size));
  }
  return text;
}

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

ParsedConfig parse_config(const ConfigText& text, const Environment& environment) {
  ParsedConfig parsed;
  if (!text.path.empty()) parse_yaml(text, parsed);
  apply_environment(environment, parsed);
  std::ranges::sort(parsed.problems, [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column, a.field) < std::tie(b.file, b.line, b.column, b.field);
  });
  return parsed;
}

}  // namespace router::config
