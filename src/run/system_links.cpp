#include "run/system_links.h"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "experiment/targets.h"

namespace squall::run {
namespace {

std::string upstream_of(const client::Endpoint& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", server.host, is_ipv6 ? "]" : "", server.port);
}

// The servers behind a link: "nats-2", "nats" for all, or an address.
base::Result<std::vector<std::string>> upstreams_of(const experiment::Link& link,
                                                    const client::Access& access) {
  std::vector<std::string> all;
  all.reserve(access.servers.size());
  for (const client::Endpoint& server : access.servers) all.push_back(upstream_of(server));
  if (link.to == "nats") return all;
  if (link.to.find(':') != std::string::npos) return std::vector{link.to};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (link.to == fmt::format("nats-{}", i + 1)) return std::vector{all[i]};
  }
  return base::fail("link {}: there is no {}", link.name, link.to);
}

// What of the experiment cannot be done on servers that want TLS; nothing: all of it can.
std::optional<std::string> needs_plain_nats(const experiment::Experiment& experiment) {
  constexpr std::string_view kWhy = "the servers want TLS, and it has none with them";
  for (const experiment::Link& link : experiment.links) {
    const bool to_them = link.to.find(':') == std::string::npos;
    if (!to_them || !link.speaks_nats || link.tls.server) continue;
    return fmt::format("link {}: {} (tls: {{server: …}}; nats: false passes bytes)", link.name, kWhy);
  }
  constexpr std::string_view kOwn =
      "the servers want TLS, and a process's own link has none: give one in links, with tls, and let it dial "
      "that";
  const auto is_own = [&](const std::string& link) { return experiment.find_process(link) != nullptr; };
  const auto look = [&](const experiment::FaultSpec& fault) -> std::optional<std::string> {
    const auto* at = std::get_if<fault::AtMoment>(&fault.when);
    if (at != nullptr && is_own(at->link)) {
      return fmt::format("{} of link {}: {}", name_of(at->moment), at->link, kOwn);
    }
    const auto* on_link = std::get_if<fault::OnLink>(&fault.action);
    const bool own = on_link != nullptr && is_own(on_link->target);
    if (own) return fmt::format("{} on link {}: {}", on_link->kind, on_link->target, kOwn);
    return std::nullopt;
  };
  for (const experiment::FaultSpec& fault : experiment.faults) {
    if (auto why = look(fault)) return why;
  }
  for (const experiment::RandomSchedule& random : experiment.random) {
    for (const experiment::RandomSchedule::Choice& choice : random.choices) {
      if (auto why = look(choice.fault)) return why;
    }
  }
  return std::nullopt;
}

proxy::LinkTls tls_of(const experiment::LinkTls& tls) {
  using Upgrade = proxy::LinkTls::Upgrade;
  const auto upgrade = [](const std::optional<experiment::Tls>& side) {
    if (!side) return Upgrade::kNone;
    return side->first ? Upgrade::kFirst : Upgrade::kAfterInfo;
  };
  const experiment::Tls client = tls.client.value_or(experiment::Tls{});
  const experiment::Tls server = tls.server.value_or(experiment::Tls{});
  return {.client = upgrade(tls.client),
          .server = upgrade(tls.server),
          .certificate_file = client.certificate,
          .key_file = client.key,
          .server_ca_file = server.ca,
          .server_name = server.server_name,
          .client_certificate_file = server.certificate,
          .client_key_file = server.key};
}

// What is worth a line on the timeline; connections come and go.
bool is_worth_telling(proxy::ProxyEvent::Kind kind) {
  using Kind = proxy::ProxyEvent::Kind;
  return kind == Kind::kFull || kind == Kind::kNotFull || kind == Kind::kUnreadable ||
         kind == Kind::kRefused || kind == Kind::kMoment;
}

std::vector<ledger::Entry> as_entries(const std::vector<proxy::HandedOut>& all) {
  std::vector<ledger::Entry> entries;
  entries.reserve(all.size());
  for (const proxy::HandedOut& one : all) {
    const bool delivered = one.delivered > 0;
    entries.push_back({.kind = delivered ? ledger::EntryKind::delivery : ledger::EntryKind::confirmed,
                       .key = {.number = one.number},
                       .at = one.at,
                       .stream_seq = one.stream_seq,
                       .delivery_count = static_cast<std::uint32_t>(one.delivered)});
  }
  return entries;
}

nlohmann::json fields_of(const std::string& link, const proxy::MomentEvent& moment) {
  return {{"link", link},
          {"moment", name_of(moment.moment)},
          {"client", moment.client},
          {"subject", moment.subject},
          {"stream", moment.stream},
          {"consumer", moment.consumer},
          {"sequence", moment.stream_seq},
          {"delivered", moment.delivered}};
}

}  // namespace

// Gets the proxy's events on the main thread; what comes when nobody listens any more is dropped.
struct SystemLinks::Listener {
  explicit Listener(Session& of_run) : session(of_run) {}

  void take(const proxy::ProxyEvent& event) {
    if (event.kind == proxy::ProxyEvent::Kind::kHandedOut) {
      if (on_handed_out) on_handed_out(as_entries(event.handed_out));
      return;
    }
    if (!is_worth_telling(event.kind)) return;
    std::string text = fmt::format("link {}: {}", event.link, name_of(event.kind));
    if (!event.text.empty()) text += ", " + event.text;
    evidence::Event line{.at = event.at, .kind = evidence::EventKind::note, .what = std::move(text)};
    if (event.moment) line.fields = fields_of(event.link, *event.moment);
    session.event(line);
    if (event.moment && on_moment) on_moment(event.link, *event.moment);
  }

  Session& session;
  OnMoment on_moment;
  OnHandedOut on_handed_out;
};

SystemLinks::SystemLinks(Session& session) : listener_(std::make_shared<Listener>(session)) {
  proxy_ = std::make_unique<proxy::Proxy>(
      [&io = session.io(), weak = std::weak_ptr(listener_)](proxy::ProxyEvent event) {
        boost::asio::post(io, [weak, event = std::move(event)] {
          if (const auto listener = weak.lock()) listener->take(event);
        });
      });
}

SystemLinks::~SystemLinks() = default;

void SystemLinks::on_moment(OnMoment callback) { listener_->on_moment = std::move(callback); }

void SystemLinks::watch_deliveries(const proxy::WatchedDeliveries& watched, OnHandedOut callback) {
  listener_->on_handed_out = std::move(callback);
  proxy_->call([&watched](proxy::Links& all) {
    for (const proxy::LinkStatus& status : all.status()) {
      if (status.settings.mode == proxy::LinkMode::kNats)
        (void)all.watch_deliveries(status.settings.name, watched);
    }
  });
}

base::Result<void> SystemLinks::open(const experiment::Experiment& experiment, const client::Access& access,
                                     const Options& options) {
  if (options.tls) {
    if (const auto why = needs_plain_nats(experiment)) return base::fail("{}", *why);
  }
  std::vector<experiment::Link> links = experiment.links;
  for (const experiment::Process& process : experiment.processes) {
    if (!options.tls && experiment::has_own_link(process))
      links.push_back({.name = process.name, .to = "nats"});
  }
  for (const experiment::Link& link : links) {
    const auto upstreams = upstreams_of(link, access);
    if (!upstreams) return std::unexpected(upstreams.error());
    if (auto opened = open_one(link, *upstreams, options); !opened) return opened;
  }
  for (const experiment::FaultSpec& fault : experiment.faults) {
    const auto* at = std::get_if<fault::AtMoment>(&fault.when);
    if (at == nullptr) continue;
    if (auto remembers = remember_deliveries(at->link); !remembers) return remembers;
  }
  return {};
}

// A watch that nobody meets: while there is one, a link remembers the subjects of what it delivers, so that
// an ack can be told with its subject from the first trial on.
base::Result<void> SystemLinks::remember_deliveries(const std::string& link) {
  const proxy::MomentWatch nobody{.moment = fault::Moment::kBeforeAck, .client = "squall: nobody"};
  for (const std::string& name : proxied(link)) {
    const auto armed = proxy_->call([&](proxy::Links& all) { return all.arm(name, nobody); });
    if (!armed) return std::unexpected(armed.error());
  }
  return {};
}

base::Result<void> SystemLinks::open_one(const experiment::Link& link,
                                         const std::vector<std::string>& upstreams, const Options& options) {
  Opened& opened = links_[link.name];
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    const proxy::LinkSettings settings{
        .name = upstreams.size() == 1 ? link.name : fmt::format("{}/{}", link.name, i + 1),
        .listen = i == 0 ? link.listen : "127.0.0.1:0",
        .upstream = upstreams[i],
        .enabled = options.listening,
        .mode = link.speaks_nats ? proxy::LinkMode::kNats : proxy::LinkMode::kBytes,
        .tls = tls_of(link.tls),
        .group = link.name,
        .seed = options.seed};
    const auto status = proxy_->call([&](proxy::Links& all) { return all.add(settings); });
    if (!status) return std::unexpected(status.error());
    opened.names.push_back(settings.name);
    opened.address +=
        fmt::format("{}{}{}", i == 0 ? "" : ",", link.speaks_nats ? "nats://" : "", status->listen);
  }
  return {};
}

boost::asio::awaitable<void> SystemLinks::listen_for(std::uint16_t port, bool listening) {
  const std::string upstream = fmt::format("127.0.0.1:{}", port);
  const auto change = [&upstream, listening](proxy::Links& all) -> base::Result<void> {
    for (const proxy::LinkStatus& status : all.status()) {
      if (status.settings.upstream != upstream) continue;
      proxy::LinkSettings settings = status.settings;
      settings.enabled = listening;
      if (auto changed = all.update(settings.name, settings); !changed) {
        return std::unexpected(changed.error());
      }
    }
    return {};
  };
  const auto changed = co_await proxy_->ask(change);
  if (!changed) listener_->session.say("squall: " + changed.error().message());
}

std::vector<std::string> SystemLinks::proxied(const std::string& link) const {
  const auto found = links_.find(link);
  return found == links_.end() ? std::vector<std::string>{} : found->second.names;
}

std::string SystemLinks::address(const std::string& link) const {
  const auto found = links_.find(link);
  return found == links_.end() ? "" : found->second.address;
}

}  // namespace squall::run
