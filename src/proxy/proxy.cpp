#include "proxy/proxy.h"

#include <thread>

#include "proxy/reactor.h"

namespace squall::proxy {

Proxy::Proxy(EventSink on_event) : thread_("proxy") {
  thread_.call([this, &on_event] {
    reactor_ = std::make_unique<Reactor>(thread_.io());
    links_ = std::make_unique<Links>(*reactor_, std::move(on_event));
  });
}

Proxy::~Proxy() {
  thread_.call([this] {
    links_.reset();
    reactor_.reset();
  });
}

void Proxy::drain(base::Instant deadline) {
  call([](Links& links) { links.stop_accepting(); });
  constexpr base::Nanos kPause = std::chrono::milliseconds{2};
  while (base::now() < deadline && call([](Links& links) { return links.unwritten(); }) > 0) {
    std::this_thread::sleep_for(kPause);
  }
  call([](Links& links) { links.close_all(); });
}

}  // namespace squall::proxy
