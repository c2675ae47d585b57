#include "cli/proxy_command.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/complain.h"
#include "control/link_flag.h"
#include "control/proxy_service.h"
#include "experiment/notation.h"
#include "proxy/address.h"

namespace squall::cli {
namespace {

constexpr const char* kTokenVariable = "SQUALL_API_TOKEN";

struct Asked {
  std::string api{control::kApiAddress};
  std::vector<std::string> links;
  std::string config;
  std::string token_file;
  std::vector<std::string> host_names;
  std::int64_t seed = 1;
  std::string drain = "5s";
};

base::Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return base::fail("cannot read {}", path);
  return text;
}

base::Result<std::string> read_token(const std::string& path) {
  if (path.empty()) {
    const char* const token = std::getenv(kTokenVariable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return std::string(token == nullptr ? "" : token);
  }
  const auto text = read_text(path);
  if (!text) return text;
  std::string token = text->substr(0, text->find_first_of("\r\n"));
  if (token.empty()) return base::fail("--token-file {}: its first line is empty", path);
  return token;
}

base::Result<control::ServiceSettings> settings_of(const Asked& asked) {
  control::ServiceSettings settings{.api = asked.api, .seed = static_cast<std::uint64_t>(asked.seed)};
  settings.admission.host_names = asked.host_names;
  auto token = read_token(asked.token_file);
  if (!token) return std::unexpected(token.error());
  settings.admission.token = *std::move(token);
  if (const auto endpoint = control::api_endpoint(asked.api, settings.admission.token); !endpoint) {
    return std::unexpected(endpoint.error());
  }
  for (const std::string& text : asked.links) {
    auto link = control::read_link_flag(text);
    if (!link) return base::fail_within("--link", link.error());
    settings.links.push_back(*std::move(link));
  }
  if (!asked.config.empty()) {
    const auto text = read_text(asked.config);
    if (!text) return base::fail_within("--config", text.error());
    auto proxies = control::read_proxies(*text);
    if (!proxies) return base::fail("--config {}: {}", asked.config, proxies.error().text);
    settings.proxies = *std::move(proxies);
  }
  const auto drain = experiment::read_duration(asked.drain);
  if (!drain) return base::fail("--drain {}: a duration has a unit, such as 5s", asked.drain);
  settings.drain = *drain;
  return settings;
}

// A connection takes two descriptors, and the usual soft limit is 1024.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void say(const std::string& problem) { std::fprintf(stderr, "squall: %s\n", problem.c_str()); }

void print(control::ProxyService& service) {
  for (const proxy::LinkStatus& link : service.links()) {
    std::printf("link  %s  %s -> %s%s\n", link.settings.name.c_str(), link.listen.c_str(),
                link.settings.upstream.c_str(),
                link.settings.mode == proxy::LinkMode::kNats ? "  (reads NATS)" : "");
  }
  const auto api = service.api();
  const proxy::HostPort address{.host = api.address().to_string(), .port = api.port()};
  std::printf("api   http://%s\n", proxy::to_text(address).c_str());
  std::fflush(stdout);
}

int serve(const Asked& asked) {
  auto settings = settings_of(asked);
  if (!settings) return complain(kUsage, settings.error());
  allow_many_descriptors();
  const auto service = control::ProxyService::start(*std::move(settings), say);
  if (!service) return complain(kInconclusive, service.error());
  print(**service);
  if (const auto stopped = (*service)->run(); !stopped) say(stopped.error().message());
  return kOk;
}

}  // namespace

Command proxy_command() {
  auto asked = std::make_shared<Asked>();
  return {
      .name = "proxy",
      .summary = "A fault proxy with Toxiproxy's API, and faults that speak NATS",
      .options = {{.name = "--api",
                   .help = "Where the API listens (127.0.0.1:8474)",
                   .into = &asked->api,
                   .value = "HOST:PORT"},
                  {.name = "--link",
                   .help = "NAME=LISTEN,UPSTREAM[,nats]; once for each link",
                   .into = &asked->links,
                   .value = "LINK"},
                  {.name = "--config",
                   .help = "Links from a populate file, as Toxiproxy has it",
                   .into = &asked->config,
                   .value = "FILE"},
                  {.name = "--token-file",
                   .help = "Whoever asks must send its first line (or $SQUALL_API_TOKEN)",
                   .into = &asked->token_file,
                   .value = "FILE"},
                  {.name = "--allow-host",
                   .help = "A host name by which the API may be asked, besides localhost",
                   .into = &asked->host_names,
                   .value = "NAME"},
                  {.name = "--seed", .help = "Of which connections a fault takes (1)", .into = &asked->seed},
                  {.name = "--drain",
                   .help = "What SIGTERM leaves for what is on its way (5s)",
                   .into = &asked->drain,
                   .value = "TIME"}},
      .run = [asked] { return serve(*asked); },
      .state = asked};
}

}  // namespace squall::cli
