// The links of a run: Squall's proxy between the processes and NATS. Each process that Squall starts has one
// of its own, which is called as the process; the experiment's `links:` come besides. Behind a link that
// stands for several servers there is one address for each, and a client that dials one learns only the
// others of the same link.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/access.h"
#include "experiment/experiment.h"
#include "ledger/entry.h"
#include "proxy/proxy.h"
#include "run/run_session.h"

namespace squall::run {

// Thread: the main one; the proxy has its own. Lifetime: the session outlives it.
class SystemLinks {
 public:
  explicit SystemLinks(Session& session);
  ~SystemLinks();

  struct Options {
    std::uint64_t seed = 1;
    bool listening = true;  // false: only once listen_for() says so
    // The servers want TLS, and a process's own link ends none: what it passes on would be unread, and its
    // own address is not in their certificates. So processes get no such link, and dial the servers, or one
    // of the experiment's links that has certificates.
    bool tls = false;
  };
  // Errors: an address that cannot be listened on, a server that is not there, a fault or a moment on a link
  // that could not read what passes.
  base::Result<void> open(const experiment::Experiment& experiment, const client::Access& access,
                          const Options& options);

  proxy::Proxy& proxy() { return *proxy_; }
  bool has(const std::string& link) const { return links_.contains(link); }
  // As the proxy calls them, one for each server behind the link; empty: there is no such link.
  std::vector<std::string> proxied(const std::string& link) const;
  // "nats://127.0.0.1:4001,nats://…"; of a link that speaks no NATS "127.0.0.1:4001". Empty: no such link.
  std::string address(const std::string& link) const;

  // The server of that port on loopback is dead, or back. While it is dead nothing listens for it: who dials
  // its link is refused, as the server's own port would, and not accepted and then reset.
  boost::asio::awaitable<void> listen_for(std::uint16_t port, bool listening);

  // Called with each moment that a watch waits for, as the proxy calls the link.
  using OnMoment = std::function<void(const std::string& proxied, const proxy::MomentEvent& moment)>;
  void on_moment(OnMoment callback);

  // Called with what the servers hand out of these deliveries over any link that reads NATS.
  using OnHandedOut = std::function<void(std::vector<ledger::Entry> seen)>;
  void watch_deliveries(const proxy::WatchedDeliveries& watched, OnHandedOut callback);

 private:
  struct Listener;
  struct Opened {
    std::vector<std::string> names;
    std::string address;
  };
  base::Result<void> remember_deliveries(const std::string& link);
  base::Result<void> open_one(const experiment::Link& link, const std::vector<std::string>& upstreams,
                              const Options& options);

  std::shared_ptr<Listener> listener_;
  std::unique_ptr<proxy::Proxy> proxy_;
  std::map<std::string, Opened> links_;
};

}  // namespace squall::run
