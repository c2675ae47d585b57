#include "proxy/links.h"

#include <algorithm>
#include <array>

#include "proxy/link.h"
#include "proxy/reactor.h"

namespace squall::proxy {
namespace {

// Whether connections can go on under the new settings.
bool same_wiring(const LinkSettings& before, const LinkSettings& now) {
  return before.listen == now.listen && before.upstream == now.upstream && before.mode == now.mode &&
         before.tls == now.tls && before.seed == now.seed;
}

}  // namespace

std::string_view name_of(ProxyEvent::Kind kind) {
  constexpr std::array<std::string_view, 10> kNames{
      "connected", "disconnected", "refused",    "fault_added", "fault_removed",
      "full",      "not_full",     "unreadable", "moment",      "handed_out"};
  return kNames[static_cast<std::size_t>(kind)];
}

Links::Links(Reactor& reactor, EventSink sink) : reactor_(reactor), sink_(std::move(sink)) {}

Links::~Links() {
  sink_ = nullptr;
  while (!links_.empty()) bury(links_.begin()->first, "the proxy ends");
}

void Links::bury(const std::string& name, std::string_view reason) {
  const std::shared_ptr<Link> link = links_.at(name);
  link->stop_listening();
  link->close_connections(reason);
  links_.erase(name);
  reactor_.bury(link);
}

base::Result<LinkStatus> Links::add(LinkSettings settings) {
  const std::string name = settings.name;
  if (has_link(name)) return base::fail("there is a link {}", name);
  auto link = Link::make(*this, reactor_, std::move(settings));
  if (!link) return std::unexpected(link.error());
  links_.emplace(name, *link);
  return (*link)->status();
}

base::Result<LinkStatus> Links::update(const std::string& name, LinkSettings settings) {
  auto found = find(name);
  if (!found) return std::unexpected(found.error());
  const std::shared_ptr<Link> link = *found;
  if (settings.name != name) return base::fail("link {}: its name stays", name);
  if (same_wiring(link->settings(), settings)) {
    if (auto changed = link->change(std::move(settings)); !changed) return std::unexpected(changed.error());
    return link->status();
  }
  std::vector<fault::LinkFault> faults;
  for (const auto& active : link->faults()) faults.push_back(active->fault);
  LinkSettings before = link->settings();
  // A port that the kernel chose stays, whatever else changes.
  if (settings.listen == before.listen) settings.listen = link->listen_text();
  before.listen = link->listen_text();
  bury(name, "the link was changed");
  link->release_port();
  auto added = add(std::move(settings));
  if (!added) {
    if (auto restored = add(before); !restored) return std::unexpected(restored.error());
  }
  for (fault::LinkFault& fault : faults) {
    if (auto put = links_.at(name)->add(std::move(fault)); !put && added) return std::unexpected(put.error());
  }
  if (!added) return added;
  return links_.at(name)->status();
}

base::Result<void> Links::remove(const std::string& name) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  bury(name, "the link was removed");
  (*link)->release_port();
  return {};
}

base::Result<std::shared_ptr<Link>> Links::find(const std::string& name) const {
  const auto at = links_.find(name);
  if (at == links_.end()) return base::fail("no link {}", name);
  return at->second;
}

bool Links::has_fault(const std::string& link, const std::string& fault) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second->has_fault(fault);
}

base::Result<LinkStatus> Links::status(const std::string& name) const {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->status();
}

std::vector<LinkStatus> Links::status() const {
  std::vector<LinkStatus> all;
  all.reserve(links_.size());
  for (const auto& [name, link] : links_) all.push_back(link->status());
  return all;
}

base::Result<std::vector<ConnectionStatus>> Links::connections(const std::string& name) const {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->connections();
}

base::Result<FaultStatus> Links::add_fault(const std::string& name, fault::LinkFault fault) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->add(std::move(fault));
}

base::Result<FaultStatus> Links::update_fault(const std::string& name, fault::LinkFault fault) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->update(std::move(fault));
}

base::Result<void> Links::remove_fault(const std::string& name, const std::string& fault) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->remove(fault);
}

base::Result<void> Links::heal() {
  base::Result<void> result;
  for (const auto& [name, link] : links_) {
    link->remove_all();
    if (auto listening = link->listen(); !listening) result = std::unexpected(listening.error());
  }
  return result;
}

base::Result<void> Links::reset() {
  for (const auto& [name, link] : links_) link->remove_all();
  base::Result<void> result;
  for (const auto& [name, link] : links_) {
    LinkSettings settings = link->settings();
    settings.enabled = true;
    if (auto changed = link->change(std::move(settings)); !changed) result = changed;
  }
  return result;
}

base::Result<void> Links::disconnect(const std::string& name, std::uint64_t connection) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  return (*link)->disconnect(connection);
}

base::Result<std::uint64_t> Links::arm(const std::string& name, MomentWatch watch) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  if ((*link)->settings().mode != LinkMode::kNats) return base::fail("link {}: moments need mode nats", name);
  return (*link)->nats().arm(std::move(watch));
}

base::Result<void> Links::disarm(const std::string& name, std::uint64_t watch) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  if (!(*link)->nats().disarm(watch)) return base::fail("link {}: no watch {}", name, watch);
  return {};
}

base::Result<void> Links::release(const std::string& name, std::uint64_t event, Release how) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  if (!(*link)->nats().release(event, how)) return base::fail("link {}: moment {} is over", name, event);
  return {};
}

bool Links::holds(const std::string& name, std::uint64_t event) const {
  const auto at = links_.find(name);
  return at != links_.end() && at->second->nats().holds(event);
}

base::Result<void> Links::watch_deliveries(const std::string& name, WatchedDeliveries watched) {
  auto link = find(name);
  if (!link) return std::unexpected(link.error());
  if ((*link)->settings().mode != LinkMode::kNats)
    return base::fail("link {}: deliveries are seen in mode nats only", name);
  (*link)->nats().watch_deliveries(std::move(watched));
  return {};
}

void Links::stop_accepting() {
  for (const auto& [name, link] : links_) link->drain();
}

std::size_t Links::unwritten() const {
  std::size_t size = 0;
  for (const auto& [name, link] : links_) size += link->unwritten();
  return size;
}

void Links::close_all() {
  for (const auto& [name, link] : links_) link->close_connections("the proxy ends");
}

void Links::tell(ProxyEvent event) const {
  if (sink_) sink_(std::move(event));
}

std::string Links::proxied(std::string_view url, std::string_view group) const {
  const auto wanted = parse_host_port(url);
  if (!wanted) return "";
  const auto is = [&wanted](std::string_view address) {
    const auto known = parse_host_port(address);
    if (!known || known->port != wanted->port) return false;
    if (known->host == wanted->host) return true;
    const auto one = numeric_address(*known);
    const auto other = numeric_address(*wanted);
    return one && other && *one == *other;
  };
  for (const auto& [name, link] : links_) {
    const LinkSettings& settings = link->settings();
    if (settings.group != group) continue;
    if (is(settings.upstream) || is(link->listen_text()) || std::ranges::any_of(settings.aliases, is)) {
      return link->listen_text();
    }
  }
  return "";
}

}  // namespace squall::proxy
