#include "control/control_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "control/link_json.h"

namespace squall::control {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kEventsPerListener = 10'000;

bool is_notable(proxy::ProxyEvent::Kind kind) {
  using Kind = proxy::ProxyEvent::Kind;
  return kind == Kind::kRefused || kind == Kind::kFull || kind == Kind::kNotFull || kind == Kind::kUnreadable;
}

// What a handler needs; a coroutine keeps it alive.
struct Door {
  http::AdmissionRules admission;
  proxy::Proxy& proxy;
  EventBridge& events;
  Api& api;
};

http::Response refused(const http::Request& request, const http::Refusal& refusal) {
  http::Response response = error_response(request.path, {refusal.status, refusal.reason});
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

asio::awaitable<http::Reply> answer(std::shared_ptr<Door> door, http::Request request) {
  http::Reply reply;
  if (const auto refusal = refusal_of(request, door->admission)) {
    reply.response = refused(request, *refusal);
    co_return reply;
  }
  if (request.path == "/v1/events" && request.method == "GET") {
    reply.response = http::text_response(200, "", "text/event-stream");
    reply.events = door->events.subscribe();
    co_return reply;
  }
  auto call = [&door, &request](proxy::Links& links) { return door->api.answer(request, links); };
  reply.response = co_await door->proxy.ask(call);
  co_return reply;
}

}  // namespace

EventBridge::EventBridge(asio::io_context& io, std::function<void(const proxy::ProxyEvent&)> notable)
    : io_(io), notable_(std::move(notable)), source_(io.get_executor(), kEventsPerListener) {}

proxy::EventSink EventBridge::sink() {
  return [this](proxy::ProxyEvent event) {
    if (!is_heard_ && !(notable_ && is_notable(event.kind))) return;
    asio::post(io_, [this, event = std::move(event)] { arrived(event); });
  };
}

std::shared_ptr<http::EventFeed> EventBridge::subscribe() {
  is_heard_ = true;
  return source_.subscribe();
}

void EventBridge::arrived(const proxy::ProxyEvent& event) {
  if (notable_ && is_notable(event.kind)) notable_(event);
  if (source_.listeners() == 0) {
    is_heard_ = false;
    return;
  }
  source_.publish(name_of(event.kind), dump(to_json(event, anchor_)));
}

base::Result<http::Server> serve_api(asio::io_context& io, ControlSettings settings, proxy::Proxy& proxy,
                                     EventBridge& events, Api& api) {
  std::shared_ptr<Door> door(new Door{std::move(settings.admission), proxy, events, api});
  return http::Server::listen(io, std::move(settings.server),
                              [door](http::Request request) { return answer(door, std::move(request)); });
}

}  // namespace squall::control
