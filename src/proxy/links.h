// The links of a proxy: everything that can be asked of it, on its own thread. Others reach it through Proxy
// (proxy.h). Nothing here waits: a change applies to all live connections before the call returns.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fault/link_fault.h"
#include "proxy/link_settings.h"
#include "proxy/nats_link.h"

namespace squall::proxy {

class Link;
class Reactor;

// Thread: the reactor's. Errors are sentences for the user; those about a link or fault that is not there, or
// there already, are told apart by has_link() and has_fault().
class Links {
 public:
  Links(Reactor& reactor, EventSink sink);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // Errors: the name is taken, an address that is none, a port in use.
  base::Result<LinkStatus> add(LinkSettings settings);
  // Whatever changes the addresses, the mode or TLS closes its connections. Errors: as add(); the link is
  // then as it was, but for its connections.
  base::Result<LinkStatus> update(const std::string& name, LinkSettings settings);
  base::Result<void> remove(const std::string& name);

  bool has_link(const std::string& name) const { return links_.contains(name); }
  bool has_fault(const std::string& link, const std::string& fault) const;
  base::Result<LinkStatus> status(const std::string& name) const;
  std::vector<LinkStatus> status() const;  // by name
  base::Result<std::vector<ConnectionStatus>> connections(const std::string& link) const;

  // Errors: no such link, the name is taken, not valid, a NATS fault on a link that does not read NATS.
  base::Result<FaultStatus> add_fault(const std::string& link, fault::LinkFault fault);
  // Keeps its place and its counters.
  base::Result<FaultStatus> update_fault(const std::string& link, fault::LinkFault fault);
  base::Result<void> remove_fault(const std::string& link, const std::string& fault);
  // Removes all faults; with `enable` also switches on what was off. Errors: a link that cannot listen again,
  // after the others have been dealt with.
  base::Result<void> heal();
  base::Result<void> reset();

  base::Result<void> disconnect(const std::string& link, std::uint64_t connection);

  base::Result<std::uint64_t> arm(const std::string& link, MomentWatch watch);
  base::Result<void> disarm(const std::string& link, std::uint64_t watch);
  // Errors: no such link, or it is over.
  base::Result<void> release(const std::string& link, std::uint64_t event, Release how);
  // Whether the moment's frame is still held.
  bool holds(const std::string& link, std::uint64_t event) const;

  // Which inputs of a run the server hands out over this link is told (ProxyEvent::Kind::kHandedOut) from
  // here on. Every message on it is read whole then. Errors: no such link, it does not read NATS.
  base::Result<void> watch_deliveries(const std::string& link, WatchedDeliveries watched);

  // Accepts and reads nothing more; faults are removed, so that what is held flows.
  void stop_accepting();
  // More than 0 while something that has been read is not yet with its receiver.
  std::size_t unwritten() const;
  void close_all();

 private:
  friend class Link;
  base::Result<std::shared_ptr<Link>> find(const std::string& name) const;
  void bury(const std::string& name, std::string_view reason);
  void tell(ProxyEvent event) const;
  // The address at which this proxy stands for a server within a group; empty: it does not.
  std::string proxied(std::string_view address, std::string_view group) const;

  Reactor& reactor_;
  EventSink sink_;
  std::map<std::string, std::shared_ptr<Link>> links_;
};

}  // namespace squall::proxy
