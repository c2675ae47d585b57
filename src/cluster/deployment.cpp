#include "cluster/deployment.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cluster/configuration.h"

namespace squall::cluster {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kLeaderCadence = std::chrono::milliseconds{10};
// Health flaps right after the first green of a new cluster: this many agreeing looks in a row count.
constexpr int kAgreeingLooks = 5;
constexpr base::Nanos kDocumentPatience = std::chrono::seconds{2};
constexpr int kMostServers = 15;

base::Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::fail("cannot make the folder {}: {}", folder.string(), error.message());
  return {};
}

base::Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (!file) return base::fail("cannot write {}", path.string());
  return {};
}

base::Result<std::vector<ServerPorts>> take_ports(int servers) {
  std::vector<ServerPorts> taken;
  for (int i = 0; i < servers; ++i) {
    auto client = PortReservation::take();
    if (!client) return std::unexpected(client.error());
    auto monitor = PortReservation::take();
    if (!monitor) return std::unexpected(monitor.error());
    taken.push_back({*std::move(client), *std::move(monitor), std::nullopt});
    if (servers == 1) break;
    auto cluster = PortReservation::take();
    if (!cluster) return std::unexpected(cluster.error());
    taken.back().cluster = *std::move(cluster);
  }
  return taken;
}

std::optional<Configuration::Cluster> cluster_of(const std::vector<ServerPorts>& all, std::size_t own,
                                                 const std::string& run_id) {
  if (!all[own].cluster) return std::nullopt;
  Configuration::Cluster cluster{
      .name = run_id.empty() ? "squall" : "squall-" + run_id, .port = all[own].cluster->port(), .routes = {}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != own) cluster.routes.push_back(all[i].cluster->port());
  }
  return cluster;
}

ServerSettings settings_of(const DeploymentOptions& options, const NatsBinary& binary, std::size_t index) {
  const std::string name = fmt::format("nats-{}", index + 1);
  return {.name = name,
          .binary = binary,
          .configuration_path = options.run_folder / "nats" / (name + ".conf"),
          .store_directory = options.store_folder / name,
          .log_path = options.run_folder / "logs" / (name + ".log"),
          .run_id = options.run_id};
}

base::Result<void> write_configuration(const ServerSettings& settings, const std::vector<ServerPorts>& ports,
                                       std::size_t own, const DeploymentOptions& options) {
  const auto text = to_text({.server_name = settings.name,
                             .client_port = ports[own].client.port(),
                             .monitor_port = ports[own].monitor.port(),
                             .store_directory = settings.store_directory,
                             .cluster = cluster_of(ports, own, options.run_id),
                             .sync_interval = options.sync_interval,
                             .extra = options.extra_configuration},
                            settings.binary.version);
  if (!text) return std::unexpected(text.error());
  for (const auto& folder : {settings.configuration_path.parent_path(), settings.log_path.parent_path(),
                             settings.store_directory}) {
    if (auto made = make_folder(folder); !made) return made;
  }
  return write_file(settings.configuration_path, *text);
}

}  // namespace

Deployment::Deployment(asio::io_context& io, NatsBinary binary, std::vector<std::unique_ptr<Server>> servers)
    : io_(io), binary_(std::move(binary)), servers_(std::move(servers)) {}

base::Result<std::unique_ptr<Deployment>> Deployment::prepare(asio::io_context& io,
                                                              const DeploymentOptions& options) {
  if (options.servers < 1 || options.servers > kMostServers) {
    return base::fail("a deployment has 1 to {} servers, not {}", kMostServers, options.servers);
  }
  auto binary = resolve_nats_server(options.binary);
  if (!binary) return std::unexpected(binary.error());
  auto ports = take_ports(options.servers);
  if (!ports) return std::unexpected(ports.error());
  // All ports are known before the first configuration is written: each names the others' as routes.
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const ServerSettings settings = settings_of(options, *binary, i);
    if (auto written = write_configuration(settings, *ports, i, options); !written) {
      return std::unexpected(written.error());
    }
  }
  std::vector<std::unique_ptr<Server>> servers;
  servers.reserve(ports->size());
  for (std::size_t i = 0; i < ports->size(); ++i) {
    servers.push_back(std::make_unique<Server>(io, settings_of(options, *binary, i), std::move((*ports)[i])));
  }
  return std::unique_ptr<Deployment>(new Deployment(io, *std::move(binary), std::move(servers)));
}

asio::awaitable<base::Result<void>> Deployment::start(base::Instant deadline) {
  for (const auto& server : servers_) {
    if (auto launched = server->launch(); !launched) co_return launched;
  }
  for (const auto& server : servers_) {
    const auto info_at = co_await server->wait_info(deadline);
    if (!info_at) co_return std::unexpected(info_at.error());
  }
  for (const auto& server : servers_) {
    const auto healthy_at = co_await server->wait_healthy(deadline);
    if (!healthy_at) co_return std::unexpected(healthy_at.error());
    if (auto alone = server->runs_alone(); !alone) co_return alone;
  }
  if (servers_.size() > 1) co_return co_await wait_formed(deadline);
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> Deployment::wait_formed(base::Instant deadline) {
  for (int agreeing = 0; agreeing < kAgreeingLooks;) {
    const auto leader = co_await meta_leader(deadline);
    bool formed = leader.has_value();
    // Routes exist before the servers' addresses are passed on over them, and two servers that dial each
    // other drop one of their routes again: a client that connected then would be told of some of the servers
    // only.
    for (const auto& server : servers_) {
      formed = formed && (co_await server->monitor("/healthz", deadline)).has_value() &&
               co_await server->advertised_urls(deadline) == servers_.size();
    }
    agreeing = formed ? agreeing + 1 : 0;
    if (base::now() >= deadline) {
      co_return base::fail("the {} servers {} in time", servers_.size(),
                           leader ? "do not all know each other" : "have no meta leader");
    }
    asio::steady_timer timer(io_, kLeaderCadence);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return base::Result<void>{};
}

asio::awaitable<std::optional<std::string>> Deployment::meta_leader(base::Instant deadline) const {
  std::optional<std::string> agreed;
  for (const auto& server : servers_) {
    if (!server->running()) continue;
    const auto text = co_await server->monitor("/jsz", deadline);
    if (!text) continue;
    const auto document = nlohmann::json::parse(*text, nullptr, false);
    if (!document.is_object() || !document.contains("meta_cluster")) co_return std::nullopt;
    const std::string leader = document["meta_cluster"].value("leader", "");
    if (leader.empty() || (agreed && *agreed != leader)) co_return std::nullopt;
    agreed = leader;
  }
  co_return agreed;
}

asio::awaitable<base::Result<void>> Deployment::stop(base::Nanos grace) {
  base::Result<void> result;
  for (const auto& server : servers_) {
    auto stopped = co_await server->stop(grace);
    if (!stopped && result) result = stopped;
  }
  co_return result;
}

Server* Deployment::find(std::string_view name) {
  const auto at =
      std::ranges::find(servers_, name, [](const auto& server) { return std::string_view(server->name()); });
  return at == servers_.end() ? nullptr : at->get();
}

std::string Deployment::urls() const {
  std::vector<std::string> urls;
  urls.reserve(servers_.size());
  for (const auto& server : servers_) urls.push_back(server->url());
  return fmt::format("{}", fmt::join(urls, ","));
}

asio::awaitable<base::Result<void>> Deployment::snapshot(std::filesystem::path folder,
                                                         base::Instant deadline) const {
  if (auto made = make_folder(folder); !made) co_return made;
  for (const auto& server : servers_) {
    for (const std::string_view what : {"varz", "jsz", "connz", "healthz"}) {
      const std::string query = what == "jsz"     ? "?streams=true&consumers=true"
                                : what == "connz" ? "?subs=true"
                                                  : "";
      const std::string target = fmt::format("/{}{}", what, query);
      auto text = co_await server->monitor(target, std::min(deadline, base::now() + kDocumentPatience));
      const std::string document =
          text ? *text : nlohmann::json{{"squall_error", text.error().message()}}.dump() + "\n";
      const auto path = folder / fmt::format("{}-{}.json", server->name(), what);
      if (auto written = write_file(path, document); !written) co_return written;
    }
  }
  co_return base::Result<void>{};
}

}  // namespace squall::cluster
