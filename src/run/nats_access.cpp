#include "run/nats_access.h"

#include <algorithm>
#include <utility>

#include "experiment/read_secret.h"
#include "experiment/targets.h"

namespace squall::run {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

base::Result<client::Access> named_servers(const experiment::AttachedNats& nats) {
  if (nats.context.empty()) return client::parse_servers(joined(nats.urls));
  return client::read_context(nats.context, client::ContextFolder::of_user());
}

base::Result<void> log_in(client::Credentials& credentials, const experiment::AttachedNats& nats) {
  if (!nats.creds.empty() || !nats.nkey.empty()) {
    auto read = nats.creds.empty() ? client::read_seed_file(nats.nkey) : client::read_creds_file(nats.creds);
    if (!read) return std::unexpected(read.error());
    credentials = std::move(*read);
  }
  if (!nats.user.empty()) credentials.user = nats.user;
  for (const auto& [secret, into] :
       {std::pair{&nats.password, &credentials.password}, std::pair{&nats.token, &credentials.token}}) {
    if (secret->empty()) continue;
    auto value = experiment::read_secret(*secret);
    if (!value) return std::unexpected(value.error());
    *into = std::move(*value);
  }
  return {};
}

void take_tls(client::TlsOptions& tls, const experiment::Tls& from) {
  tls.required = tls.required || from.required;
  tls.first = tls.first || from.first;
  if (!from.ca.empty()) tls.ca_file = from.ca;
  if (!from.certificate.empty()) tls.certificate_file = from.certificate;
  if (!from.key.empty()) tls.key_file = from.key;
  if (!from.server_name.empty()) tls.server_name = from.server_name;
}

}  // namespace

client::Access access_to(cluster::Deployment& deployment) {
  client::Access access;
  for (const auto& server : deployment.servers()) {
    access.servers.push_back({.host = "127.0.0.1", .port = server->client_port()});
  }
  return access;
}

base::Result<client::Access> access_to(const experiment::AttachedNats& nats, const experiment::Allow& allow) {
  auto access = named_servers(nats);
  if (!access) return access;
  for (const client::Endpoint& server : access->servers) {
    if (experiment::is_loopback(server.host) ||
        std::ranges::find(allow.hosts, server.host) != allow.hosts.end())
      continue;
    return base::fail(
        "{} is not on this machine: chaos for it must be asked for, with allow: {{hosts: [{}]}} in the file",
        server.host, server.host);
  }
  if (auto logged_in = log_in(access->options.credentials, nats); !logged_in) {
    return std::unexpected(logged_in.error());
  }
  take_tls(access->options.tls, nats.tls);
  if (nats.inbox_prefix != "_INBOX") access->options.inbox_prefix = nats.inbox_prefix;
  if (!nats.domain.empty()) access->options.js_api_prefix = "$JS." + nats.domain + ".API";
  return access;
}

std::string urls_of(const client::Access& access) {
  std::string urls;
  for (const client::Endpoint& server : access.servers) {
    urls += fmt::format("{}nats://{}:{}", urls.empty() ? "" : ",", server.host, server.port);
  }
  return urls;
}

}  // namespace squall::run
