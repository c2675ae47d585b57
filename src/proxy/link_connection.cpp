#include "proxy/link_connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "proxy/info_rewrite.h"
#include "proxy/link.h"

namespace squall::proxy {

using wire::Sender;

LinkConnection::LinkConnection(Link& link, std::uint64_t number, base::UniqueFd client)
    : Timer(link.reactor()),
      link_(link),
      reactor_(link.reactor()),
      number_(number),
      client_(reactor_, *this),
      server_(reactor_, *this),
      up_(*this, Sender::kClient, client_, server_),
      down_(*this, Sender::kServer, server_, client_),
      opened_(base::now()),
      peer_(peer_address(client.get()).text()) {
  client_.adopt(std::move(client));
  if (link.settings().mode != LinkMode::kNats) return;
  nats_ = std::make_unique<NatsConnection>(link.nats(), number, [this] {
    wakes_ = true;
    arm(base::now());
  });
  up_.read_frames();
  down_.read_frames();
}

LinkConnection::~LinkConnection() = default;

void LinkConnection::start() {
  if (const TlsContext* const tls = link_.tls_towards_clients()) {
    client_.start_tls(*tls, link_.settings().tls.client, /*gets_info=*/true);
  }
  put_on_faults();
  if (state_ == State::kNew) dial_upstream();
}

void LinkConnection::dial_upstream() {
  state_ = State::kDialling;
  const HostPort& upstream = link_.upstream();
  if (const auto address = numeric_address(upstream)) return dial(*address);
  reactor_.resolve(upstream, [weak = weak_from_this()](std::optional<SocketAddress> address) {
    const auto self = weak.lock();
    if (!self || self->state_ != State::kDialling) return;
    if (address) return self->dial(*address);
    self->not_dialled(EHOSTUNREACH);
  });
}

void LinkConnection::dial(const SocketAddress& address) {
  Dialled dialled = proxy::dial(address);
  if (!dialled.fd) return not_dialled(dialled.error);
  server_.adopt(std::move(dialled.fd));
  server_.want_write(true);
}

void LinkConnection::not_dialled(int error) {
  const bool ours = error == EMFILE || error == ENFILE;
  link_.refused(number_, ours ? std::string(Link::kNoDescriptors)
                              : fmt::format("no upstream {}: {}", to_text(link_.upstream()),
                                            std::generic_category().message(error)));
  reset("no upstream");
}

void LinkConnection::dialled() {
  if (const int error = dial_error(server_.fd()); error != 0) return not_dialled(error);
  server_.want_write(false);
  if (const TlsContext* const tls = link_.tls_towards_server()) {
    server_.start_tls(*tls, link_.settings().tls.server, /*gets_info=*/false);
  }
  state_ = State::kThrough;
  settle();
}

void LinkConnection::peer_failed(Peer& peer, std::string_view why) {
  const auto self = shared_from_this();
  link_.refused(number_, fmt::format("TLS with the {}: {}", &peer == &client_ ? "client" : "server", why));
  reset("no TLS");
}

void LinkConnection::peer_ready(Peer& peer, std::uint32_t events) {
  const auto self = shared_from_this();
  if (state_ == State::kDialling) {
    if (&peer == &server_) dialled();
    return;
  }
  Lane& from = &peer == &client_ ? up_ : down_;
  Lane& to = &peer == &client_ ? down_ : up_;
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 && to.has_unwritten()) to.flush();
  if (is_open() && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) from.read();
  settle();
}

void LinkConnection::expired(base::Instant now) {
  const auto self = shared_from_this();
  wakes_ = false;
  if (nats_) nats_->tick(now);
  if (is_through() && client_.has_unread()) up_.read();
  if (is_through() && server_.has_unread()) down_.read();
  if (is_through()) up_.run(now);
  if (is_through()) down_.run(now);
  settle();
}

void LinkConnection::settle() {
  link_.tell_handed_out();
  if (!is_open()) return;
  const auto self = shared_from_this();
  if (nats_ && state_ == State::kThrough) {
    up_.write_output();
    if (is_open()) down_.write_output();
    if (is_open()) end_nats();
  }
  if (is_open() && up_.ended() && down_.ended()) close("both sides have ended");
  if (!is_open()) return;
  report_held();
  update_interest();
  set_timer();
}

void LinkConnection::end_nats() {
  const NatsDecision::End end = nats_->end();
  if (end == NatsDecision::End::kNone || !down_.at_frame_boundary()) return;
  if (end == NatsDecision::End::kReset) return reset("reset by a fault");
  if (!down_.has_unwritten()) close("closed by a fault");
}

void LinkConnection::update_interest() {
  if (!is_open()) return;
  up_.update_interest();
  down_.update_interest();
  if (!wakes_ && has_unread()) {
    wakes_ = true;
    arm(base::now());
  }
}

bool LinkConnection::has_unread() const {
  return (client_.has_unread() && up_.wants_read()) || (server_.has_unread() && down_.wants_read());
}

void LinkConnection::set_timer() {
  if (wakes_) return;  // it is armed for now
  base::Instant due = kNotDue;
  if (state_ == State::kThrough) due = std::min(up_.due(), down_.due());
  if (nats_) due = std::min(due, nats_->due().value_or(kNotDue));
  if (due == kNotDue) {
    disarm();
  } else {
    arm(due);
  }
}

void LinkConnection::report_held() {
  const HeldBytes held{.by_faults = up_.held() + down_.held() + (nats_ ? nats_->held_bytes() : 0),
                       .unfinished = up_.unfinished() + down_.unfinished()};
  if (held == reported_) return;
  const HeldBytes before = std::exchange(reported_, held);
  link_.held_changed(number_, before, held);
}

void LinkConnection::lost_reading(const Peer& peer) {
  reset(&peer == &client_ ? "the client is gone" : "the server is gone");
}

void LinkConnection::lost_writing(const Peer& peer) {
  if (!is_open()) return;
  Lane& from = &peer == &client_ ? up_ : down_;
  if (is_through() && !std::exchange(losing_, true)) {
    constexpr int kMostReads = 4;
    for (int i = 0; i < kMostReads && is_open(); ++i) from.read();
  }
  lost_reading(peer);
}

void LinkConnection::close(std::string_view reason) {
  if (!is_open()) return;
  client_.close();
  server_.close();
  finish(reason);
}

void LinkConnection::reset(std::string_view reason) {
  if (!is_open()) return;
  client_.reset();
  server_.reset();
  finish(reason);
}

void LinkConnection::finish(std::string_view reason) {
  state_ = State::kClosed;
  disarm();
  link_.held_changed(number_, std::exchange(reported_, {}), {});
  link_.closed(*this, number_, nats_ ? nats_->tracker().client_name() : "", reason);
}

bool LinkConnection::link_is_full() const { return link_.full(); }
bool LinkConnection::may_finish_frame() const { return link_.lets_finish(number_); }
bool LinkConnection::link_drains() const { return link_.drains(); }

std::optional<std::string> LinkConnection::rewritten(const wire::Info& info) const {
  return link_.rewritten(info.json);
}

void LinkConnection::say_unreadable(Sender sender) {
  link_.say(
      ProxyEvent::Kind::kUnreadable, number_,
      sender == Sender::kClient ? "what the client sends is no NATS" : "what the server sends is no NATS");
}

ConnectionStatus LinkConnection::status() const {
  ConnectionStatus status{.number = number_, .peer = peer_, .opened = opened_};
  status.bytes_up = up_.bytes();
  status.bytes_down = down_.bytes();
  status.frames_up = up_.frames();
  status.frames_down = down_.frames();
  status.held = reported_.all();
  status.unread_up = client_.unread();
  status.unread_down = server_.unread();
  if (nats_) status.client = nats_->tracker().client_name();
  for (const auto& fault : link_.faults()) {
    if (is_touched_by(*fault)) status.faults.push_back(fault->fault.name);
  }
  status.unreadable = up_.unreadable() || down_.unreadable();
  return status;
}

std::size_t LinkConnection::unwritten() const {
  return reported_.by_faults + (up_.has_unwritten() ? 1 : 0) + (down_.has_unwritten() ? 1 : 0) +
         client_.unsent() + server_.unsent();
}

}  // namespace squall::proxy
