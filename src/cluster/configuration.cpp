#include "cluster/configuration.h"

#include <string_view>

namespace squall::cluster {
namespace {

// NATS reads backslash escapes in double quotes.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

base::Result<std::string> to_text(const Configuration& configuration, const NatsVersion& version) {
  if (configuration.sync_interval && version < kFirstWithSyncInterval) {
    return base::fail("nats-server {} does not know sync_interval ({} and newer do)", version.text(),
                      kFirstWithSyncInterval.text());
  }
  std::string text = fmt::format("server_name: {}\nlisten: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\n",
                                 in_quotes(configuration.server_name), configuration.client_port,
                                 configuration.monitor_port);
  text += fmt::format("jetstream {{\n  store_dir: {}\n", in_quotes(configuration.store_directory.string()));
  if (configuration.sync_interval)
    text += fmt::format("  sync_interval: {}\n", in_quotes(*configuration.sync_interval));
  text += "}\n";
  if (const auto& cluster = configuration.cluster) {
    text += fmt::format("cluster {{\n  name: {}\n  listen: \"127.0.0.1:{}\"\n  routes: [\n",
                        in_quotes(cluster->name), cluster->port);
    for (const std::uint16_t route : cluster->routes)
      text += fmt::format("    \"nats://127.0.0.1:{}\"\n", route);
    text += "  ]\n}\n";
  }
  if (!configuration.extra.empty()) text += configuration.extra + "\n";
  return text;
}

}  // namespace squall::cluster
