#include "proxy/link.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "proxy/info_rewrite.h"
#include "proxy/link_connection.h"
#include "proxy/links.h"
#include "proxy/socket.h"

namespace squall::proxy {
namespace {

constexpr int kMostAccepted = 64;  // in one go
constexpr base::Nanos kSayRefusedEvery = std::chrono::seconds{1};

// A name to listen on is looked up here and now: it is this machine's own.
base::Result<SocketAddress> listen_address(const std::string& text) {
  const auto host_port = parse_host_port(text);
  if (!host_port) return std::unexpected(host_port.error());
  if (const auto address = numeric_address(*host_port)) return *address;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host_port->host.c_str(), std::to_string(host_port->port).c_str(), &hints, &found) != 0) {
    return base::fail("address {}: no such host", text);
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

base::Result<void> check(const LinkSettings& settings) {
  if (settings.name.empty()) return base::fail("link: name is missing");
  if (settings.upstream.empty()) return base::fail("link {}: upstream is missing", settings.name);
  if (settings.most_held == 0) return base::fail("link {}: most_held must be above 0", settings.name);
  if (settings.tls == LinkTls{}) return {};
  if (settings.mode != LinkMode::kNats) {
    return base::fail("link {}: tls is for mode nats; through a link of bytes TLS passes as it is",
                      settings.name);
  }
  if (settings.tls.client == LinkTls::Upgrade::kNone && settings.tls.server == LinkTls::Upgrade::kNone) {
    return base::fail("link {}: tls: neither client nor server has it", settings.name);
  }
  return {};
}

base::UniqueFd open_spare() { return base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

Link::Link(Links& links, Reactor& reactor, LinkSettings settings, HostPort upstream)
    : links_(links),
      reactor_(reactor),
      settings_(std::move(settings)),
      upstream_(std::move(upstream)),
      seed_(base::Seed(settings_.seed).derive(settings_.name)),
      nats_(seed_,
            [this](const MomentEvent& moment) {
              links_.tell({.kind = ProxyEvent::Kind::kMoment,
                           .at = base::now(),
                           .link = settings_.name,
                           .connection = moment.connection,
                           .client = moment.client,
                           .text = describe(moment),
                           .moment = moment});
            }),
      spare_(open_spare()) {}

Link::~Link() = default;

base::Result<std::shared_ptr<Link>> Link::make(Links& links, Reactor& reactor, LinkSettings settings) {
  if (auto checked = check(settings); !checked) return std::unexpected(checked.error());
  const std::string where = fmt::format("link {}", settings.name);
  auto upstream = parse_host_port(settings.upstream);
  if (!upstream) return base::fail_within(where, upstream.error());
  auto address = listen_address(settings.listen);
  if (!address) return base::fail_within(where, address.error());
  std::shared_ptr<Link> link(new Link(links, reactor, std::move(settings), *std::move(upstream)));
  if (auto tls = link->make_tls(); !tls) return base::fail_within(where, tls.error());
  auto held = hold_port(*address);
  if (!held) return base::fail_within(where, held.error());
  link->listen_address_ = own_address(held->get());
  link->held_port_ = *std::move(held);
  if (auto listening = link->listen(); !listening) return base::fail_within(where, listening.error());
  return link;
}

base::Result<void> Link::make_tls() {
  const LinkTls& tls = settings_.tls;
  if (tls.client != LinkTls::Upgrade::kNone) {
    auto made = TlsContext::towards_clients(tls);
    if (!made) return std::unexpected(made.error());
    tls_clients_ = *std::move(made);
  }
  if (tls.server != LinkTls::Upgrade::kNone) {
    auto made = TlsContext::towards_server(tls, upstream_.host);
    if (!made) return std::unexpected(made.error());
    tls_server_ = *std::move(made);
  }
  return {};
}

base::Result<void> Link::change(LinkSettings settings) {
  if (auto checked = check(settings); !checked) return checked;
  settings_ = std::move(settings);
  if (!settings_.enabled) {
    stop_listening();
    close_connections("the link was switched off");
    return {};
  }
  return listen();
}

base::Result<void> Link::listen() {
  if (listener_ || !settings_.enabled || drains_ || refuses_all()) return {};
  auto listener = listen_on(listen_address_);
  if (!listener) return std::unexpected(listener.error());
  listener_ = *std::move(listener);
  if (!reactor_.watch(listener_.get(), 0, EPOLLIN, *this)) {
    listener_.reset();
    return base::fail("cannot watch one more socket: {}", std::generic_category().message(errno));
  }
  return {};
}

void Link::stop_listening() {
  if (!listener_) return;
  reactor_.watch(listener_.get(), EPOLLIN, 0, *this);
  listener_.reset();
}

void Link::drain() {
  drains_ = true;
  stop_listening();
  remove_all();
}

void Link::close_connections(std::string_view reason) {
  const auto all = connections_;
  for (const auto& [number, connection] : all) connection->close(reason);
}

void Link::ready(std::uint32_t) {
  for (int i = 0; i < kMostAccepted && listener_ && accept_one(); ++i) {
  }
}

bool Link::accept_one() {
  base::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client) {
    if (errno == ECONNABORTED || errno == EINTR) return true;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      refuse_for_want_of_descriptors();
    }
    return false;
  }
  const std::uint64_t number = ++accepted_;
  for (const auto& active : faults_) {
    const bool refuses = std::holds_alternative<fault::Refuse>(active->fault.action) && active->fault.enabled;
    if (!refuses || !chooses(active->fault, number)) continue;
    ++active->effect->cut;
    make_close_reset(client.get());
    return true;
  }
  set_no_delay(client.get());
  auto connection = std::make_shared<LinkConnection>(*this, number, std::move(client));
  connections_.emplace(number, connection);
  say(ProxyEvent::Kind::kConnected, number, "");
  connection->start();
  return true;
}

void Link::refuse_for_want_of_descriptors() {
  ++accepted_;
  spare_.reset();
  base::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (client) make_close_reset(client.get());
  client.reset();
  spare_ = open_spare();
  refused(accepted_, std::string(kNoDescriptors));
}

void Link::refused(std::uint64_t connection, std::string reason) {
  ++refused_;
  const base::Instant now = base::now();
  if (now - said_refused_ < kSayRefusedEvery) return;
  said_refused_ = now;
  say(ProxyEvent::Kind::kRefused, connection, std::move(reason));
}

void Link::closed(LinkConnection& connection, std::uint64_t number, std::string client,
                  std::string_view reason) {
  const ConnectionStatus last = connection.status();
  bytes_up_ += last.bytes_up;
  bytes_down_ += last.bytes_down;
  reactor_.bury(connection.shared_from_this());
  connections_.erase(number);
  links_.tell({.kind = ProxyEvent::Kind::kDisconnected,
               .at = base::now(),
               .link = settings_.name,
               .connection = number,
               .client = std::move(client),
               .text = std::string(reason)});
}

void Link::held_changed(std::uint64_t of, HeldBytes before, HeldBytes now) {
  held_.by_faults = held_.by_faults - before.by_faults + now.by_faults;
  held_.unfinished = held_.unfinished - before.unfinished + now.unfinished;
  if (finishes_ == of && now.unfinished == 0) finishes_ = 0;
  const bool was_full = full_;
  if (!full_ && held_.all() >= settings_.most_held) {
    full_ = true;
    say(ProxyEvent::Kind::kFull, 0, fmt::format("{} B are held: nothing more is read", held_.all()));
  } else if (full_ && held_.all() < settings_.most_held - settings_.most_held / 4) {
    full_ = false;
    say(ProxyEvent::Kind::kNotFull, 0, "");
  }
  if (!was_full || (full_ && (held_.by_faults > 0 || finishes_ != 0))) return;
  for (const auto& [number, connection] : connections_) connection->update_interest();
}

bool Link::lets_finish(std::uint64_t connection) {
  if (held_.by_faults > 0) return false;  // there will be room when that has passed
  if (finishes_ == 0) finishes_ = connection;
  return finishes_ == connection;
}

std::optional<std::string> Link::rewritten(std::string_view info) const {
  const auto listen = parse_host_port(listen_address_.text());
  std::optional<bool> tls_required;
  if (settings_.tls != LinkTls{}) tls_required = settings_.tls.client != LinkTls::Upgrade::kNone;
  return rewrite_info(
      info, {.listen = *listen,
             .proxied = [this](std::string_view url) { return links_.proxied(url, settings_.group); },
             .tls_required = tls_required});
}

void Link::tell_handed_out() {
  if (!nats_.has_handed_out()) return;
  links_.tell({.kind = ProxyEvent::Kind::kHandedOut,
               .at = base::now(),
               .link = settings_.name,
               .handed_out = nats_.handed_out()});
}

void Link::say(ProxyEvent::Kind kind, std::uint64_t connection, std::string text) {
  links_.tell({.kind = kind,
               .at = base::now(),
               .link = settings_.name,
               .connection = connection,
               .text = std::move(text)});
}

LinkStatus Link::status() const {
  LinkStatus status{.settings = settings_, .listen = listen_address_.text()};
  status.listening = static_cast<bool>(listener_);
  status.accepted = accepted_;
  status.refused = refused_;
  status.bytes_up = bytes_up_;
  status.bytes_down = bytes_down_;
  for (const auto& [number, connection] : connections_) {
    const auto [up, down] = connection->bytes();
    status.bytes_up += up;
    status.bytes_down += down;
  }
  status.held = held_.all();
  status.full = full_;
  status.connections = connections_.size();
  status.moments_timed_out = nats_.moments_timed_out();
  for (const auto& fault : faults_) status.faults.push_back(status_of(*fault));
  return status;
}

std::vector<ConnectionStatus> Link::connections() const {
  std::vector<ConnectionStatus> all;
  all.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) all.push_back(connection->status());
  return all;
}

std::size_t Link::unwritten() const {
  std::size_t size = 0;
  for (const auto& [number, connection] : connections_) size += connection->unwritten();
  return size;
}

base::Result<void> Link::disconnect(std::uint64_t number) {
  const auto at = connections_.find(number);
  if (at == connections_.end()) return base::fail("link {}: no connection {}", settings_.name, number);
  const auto connection = at->second;
  connection->reset("on request");
  return {};
}

}  // namespace squall::proxy
