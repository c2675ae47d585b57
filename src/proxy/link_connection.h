// One proxied connection: a client's socket, the upstream's, and a lane for each direction. It lives from
// accept() until both streams have ended, or one end is lost, or a fault ends it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/lane.h"
#include "proxy/link_settings.h"
#include "proxy/nats_link.h"
#include "proxy/peer.h"
#include "proxy/reactor.h"
#include "proxy/stage.h"

namespace squall::proxy {

class Link;

// Thread: the reactor's. Lifetime: owned by its link; buried when it is closed, before the link is.
class LinkConnection final : public Peer::Owner,
                             private Reactor::Timer,
                             public std::enable_shared_from_this<LinkConnection> {
 public:
  LinkConnection(Link& link, std::uint64_t number, base::UniqueFd client);
  ~LinkConnection() override;

  // Dials the upstream, or does what faults say instead.
  void start();
  // The link's faults have changed.
  void put_on_faults();
  // After anything changed: outputs, ends, what is watched, what is due.
  void settle();
  void update_interest();

  // FIN, RST. `reason` is for people.
  void close(std::string_view reason);
  void reset(std::string_view reason);
  // That end is gone, as was seen when reading from it, or writing to it. Then what it sent still passes: a
  // server says why before it closes. The other end is reset.
  void lost_reading(const Peer& peer);
  void lost_writing(const Peer& peer);
  bool is_losing() const { return losing_; }

  ConnectionStatus status() const;
  // More than 0 while not all that was read has reached the other end's kernel.
  std::size_t unwritten() const;
  std::pair<std::uint64_t, std::uint64_t> bytes() const { return {up_.bytes(), down_.bytes()}; }

  // What lanes ask.
  bool is_open() const { return state_ != State::kClosed; }
  bool is_through() const { return state_ == State::kThrough; }
  bool link_is_full() const;
  bool may_finish_frame() const;
  bool link_drains() const;
  Reactor& reactor() const { return reactor_; }
  NatsConnection* nats() const { return nats_.get(); }
  std::optional<std::string> rewritten(const wire::Info& info) const;
  StageContext stage_context(const ActiveFault& fault, wire::Sender sender, base::Instant now) const;
  void say_unreadable(wire::Sender sender);

 private:
  enum class State {
    kNew,
    kDialling,
    kThrough,   // both ends are there
    kHalfOpen,  // one is gone, and the other does not know
    kClosed,
  };

  void peer_ready(Peer& peer, std::uint32_t events) override;
  void peer_failed(Peer& peer, std::string_view why) override;
  bool has_unread() const;
  void expired(base::Instant now) override;
  void dial_upstream();
  void dial(const SocketAddress& address);
  void dialled();
  void not_dialled(int error);
  void go_half_open(fault::LinkStream dead);
  bool is_touched_by(const ActiveFault& fault) const;
  std::optional<fault::LinkStream> half_open_side() const;
  void end_nats();
  void set_timer();
  void report_held();
  void finish(std::string_view reason);

  Link& link_;
  Reactor& reactor_;
  std::uint64_t number_;
  State state_ = State::kNew;
  Peer client_;
  Peer server_;
  Lane up_;
  Lane down_;
  std::unique_ptr<NatsConnection> nats_;
  base::Instant opened_;
  std::string peer_;
  HeldBytes reported_;
  bool wakes_ = false;
  bool losing_ = false;
  std::vector<std::shared_ptr<FaultEffect>> touched_by_;  // counted once each
};

}  // namespace squall::proxy
