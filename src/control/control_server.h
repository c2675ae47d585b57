// The proxy's API on a port: admission, the calls handed to the proxy's thread, and GET /v1/events.
#pragma once

#include <memory>
#include <string>

#include "control/api.h"
#include "http/admission.h"
#include "http/event_feed.h"
#include "http/http_server.h"
#include "proxy/proxy.h"

namespace squall::control {

// Carries the proxy's events from its thread to those who listen. Made before the proxy, which gets sink().
// Lifetime: outlives the proxy.
class EventBridge {
 public:
  // `notable` is told, on `io`, what somebody should know who does not listen: refused connections, a link
  // that is full, what is no NATS.
  explicit EventBridge(boost::asio::io_context& io,
                       std::function<void(const proxy::ProxyEvent&)> notable = {});

  proxy::EventSink sink();
  http::EventSource& source() { return source_; }
  // A listener came; until it has left, events are carried over.
  std::shared_ptr<http::EventFeed> subscribe();

 private:
  void arrived(const proxy::ProxyEvent& event);

  boost::asio::io_context& io_;
  std::function<void(const proxy::ProxyEvent&)> notable_;
  http::EventSource source_;
  base::WallAnchor anchor_ = base::WallAnchor::take();
  std::atomic<bool> is_heard_ = false;  // written on io's thread, read on the proxy's
};

struct ControlSettings {
  http::ServerSettings server;
  http::AdmissionRules admission;
};

// Thread: io's. Lifetime: `proxy`, `events` and `api` outlive it; `api` is used on the proxy's thread only.
base::Result<http::Server> serve_api(boost::asio::io_context& io, ControlSettings settings,
                                     proxy::Proxy& proxy, EventBridge& events, Api& api);

}  // namespace squall::control
