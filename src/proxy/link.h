// One link: the socket that listens, the connections that came through it, the faults that are put on it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/seed.h"
#include "base/unique_fd.h"
#include "proxy/address.h"
#include "proxy/lane.h"
#include "proxy/link_settings.h"
#include "proxy/nats_link.h"
#include "proxy/reactor.h"
#include "proxy/tls_context.h"

namespace squall::proxy {

class LinkConnection;
class Links;

// Thread: the reactor's. Lifetime: buried behind its connections.
class Link final : public Reactor::Watcher {
 public:
  // `settings` have been checked: see make().
  static base::Result<std::shared_ptr<Link>> make(Links& links, Reactor& reactor, LinkSettings settings);
  ~Link();

  // Takes what can change while connections live; the rest is the same.
  base::Result<void> change(LinkSettings settings);
  // Listens if it should: it is enabled, and no fault refuses all. Errors: the port is in use.
  base::Result<void> listen();
  void stop_listening();
  // From here on what comes stays where it is; what has been read goes on.
  void drain();
  bool drains() const { return drains_; }
  // Others may have it from here on.
  void release_port() { held_port_.reset(); }
  void close_connections(std::string_view reason);

  base::Result<FaultStatus> add(fault::LinkFault fault);
  base::Result<FaultStatus> update(fault::LinkFault fault);
  base::Result<void> remove(const std::string& fault);
  void remove_all();
  bool has_fault(const std::string& fault) const;
  base::Result<void> disconnect(std::uint64_t connection);

  LinkStatus status() const;
  std::vector<ConnectionStatus> connections() const;
  std::size_t unwritten() const;

  // What connections ask and tell.
  Reactor& reactor() const { return reactor_; }
  const LinkSettings& settings() const { return settings_; }
  const HostPort& upstream() const { return upstream_; }
  // Null: plain.
  const TlsContext* tls_towards_clients() const { return tls_clients_.get(); }
  const TlsContext* tls_towards_server() const { return tls_server_.get(); }
  std::string listen_text() const { return listen_address_.text(); }
  NatsLink& nats() { return nats_; }
  const ActiveFaults& faults() const { return faults_; }
  base::Seed fault_seed(const fault::LinkFault& fault, std::uint64_t connection) const;
  // Whether the fault's toxicity takes this connection: a pure function of seed, link, connection and fault.
  bool chooses(const fault::LinkFault& fault, std::uint64_t connection) const;
  bool full() const { return full_; }
  void held_changed(std::uint64_t connection, HeldBytes before, HeldBytes now);
  // While the link is full of frames that have not come whole, it reads one connection on, so that there is
  // an end to it: whether that is this one.
  bool lets_finish(std::uint64_t connection);
  std::optional<std::string> rewritten(std::string_view info) const;
  static constexpr std::string_view kNoDescriptors = "no file descriptors are left";
  void refused(std::uint64_t connection, std::string reason);
  void closed(LinkConnection& connection, std::uint64_t number, std::string client, std::string_view reason);
  void tell_handed_out();
  void say(ProxyEvent::Kind kind, std::uint64_t connection, std::string text);

 private:
  Link(Links& links, Reactor& reactor, LinkSettings settings, HostPort upstream);

  base::Result<void> make_tls();
  void ready(std::uint32_t events) override;
  // False when there is nothing more to accept for now.
  bool accept_one();
  void refuse_for_want_of_descriptors();
  bool refuses_all() const;
  void faults_changed();
  FaultStatus status_of(const ActiveFault& fault) const;
  void say_fault(ProxyEvent::Kind kind, const fault::LinkFault& fault);

  Links& links_;
  Reactor& reactor_;
  LinkSettings settings_;
  HostPort upstream_;
  std::shared_ptr<const TlsContext> tls_clients_;
  std::shared_ptr<const TlsContext> tls_server_;
  base::Seed seed_;
  NatsLink nats_;
  base::UniqueFd held_port_;
  base::UniqueFd listener_;
  base::UniqueFd spare_;  // given up to be able to refuse when there are no descriptors left
  SocketAddress listen_address_;
  ActiveFaults faults_;
  std::map<std::uint64_t, std::shared_ptr<LinkConnection>> connections_;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t bytes_up_ = 0;  // of connections that are closed
  std::uint64_t bytes_down_ = 0;
  HeldBytes held_;
  bool full_ = false;
  std::uint64_t finishes_ = 0;  // the connection that lets_finish() lets read on; 0: none
  bool drains_ = false;
  base::Instant said_refused_{};
};

}  // namespace squall::proxy
