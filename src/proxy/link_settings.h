// What a link is, and what is to be known of it: values that cross threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fault/link_fault.h"
#include "proxy/delivery_watch.h"
#include "proxy/nats_moments.h"

namespace squall::proxy {

enum class LinkMode {
  kBytes,  // bytes pass unread: any protocol
  kNats,   // frames are read: NATS faults, client names, INFO that names only proxied addresses
};

// How NATS's TLS is done by a link that has to read what is inside. Without it TLS passes unread.
struct LinkTls {
  enum class Upgrade {
    kNone,       // plain
    kAfterInfo,  // the server's INFO first, then TLS, as NATS does
    kFirst,      // TLS from the first byte
  };
  Upgrade client = Upgrade::kNone;
  Upgrade server = Upgrade::kNone;
  std::string certificate_file;  // PEM, for clients; empty: one is made at start, self-signed
  std::string key_file;
  std::string server_ca_file;  // PEM; empty: the server's certificate is not verified
  std::string server_name;     // expected of its certificate, and sent as SNI; empty: the upstream's host
  std::string client_certificate_file;  // PEM, shown to the server; empty: none
  std::string client_key_file;

  bool operator==(const LinkTls&) const = default;
};

// What a link, or one of its connections, keeps because of faults.
struct HeldBytes {
  std::size_t by_faults = 0;
  std::size_t unfinished = 0;  // of frames that have not come whole, and that a fault has to see whole

  std::size_t all() const { return by_faults + unfinished; }
  bool operator==(const HeldBytes&) const = default;
};

struct LinkSettings {
  std::string name;                    // unique
  std::string listen = "127.0.0.1:0";  // "host:port"; port 0: the kernel chooses, and it stays
  std::string upstream;                // "host:port"
  bool enabled = true;                 // off: nothing listens, and its connections are closed
  LinkMode mode = LinkMode::kBytes;
  LinkTls tls;
  // Other addresses by which the upstream server is known ("10.0.0.5:4222"), for INFO's connect_urls.
  std::vector<std::string> aliases;
  // Clients of this link learn from INFO of the links of the same group only: one per server, and those of
  // one process do not stand for another's.
  std::string group;
  // Bytes that faults may hold on this link; at this bound it stops reading. What one read brings comes on
  // top: 256 KiB, or a frame of up to 64 MiB that began below the bound.
  std::size_t most_held = 64 * 1024 * 1024;
  std::uint64_t seed = 1;

  bool operator==(const LinkSettings&) const = default;
};

// How often a fault had an effect, so that it can be proven.
struct FaultEffect {
  std::uint64_t connections = 0;  // that it was or is put on
  std::uint64_t bytes = 0;        // that it delayed, held or threw away
  std::uint64_t frames = 0;       // NATS faults: that it struck
  std::uint64_t cut = 0;          // connections that it ended or refused
};

struct FaultStatus {
  fault::LinkFault fault;
  FaultEffect effect;
};

struct ConnectionStatus {
  std::uint64_t number = 0;  // on its link, from 1
  std::string peer;          // "127.0.0.1:50123"
  std::string client;        // as it named itself; empty: unknown
  base::Instant opened{};
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t frames_up = 0;  // kNats only
  std::uint64_t frames_down = 0;
  std::size_t held = 0;       // bytes that faults hold, or wait for the rest of
  std::size_t unread_up = 0;  // that wait in the kernel, since nothing is read just now
  std::size_t unread_down = 0;
  std::vector<std::string> faults;  // byte faults that touch it
  bool unreadable = false;          // kNats: what passes is no NATS (TLS?), so it passes unread
};

struct LinkStatus {
  LinkSettings settings;  // as given
  std::string listen;     // with the real port; also while it is off
  bool listening = false;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // no descriptors, or no upstream
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::size_t held = 0;
  bool full = false;  // at its memory bound: it does not read
  std::size_t connections = 0;
  std::uint64_t moments_timed_out = 0;
  std::vector<FaultStatus> faults;
};

struct ProxyEvent {
  enum class Kind {
    kConnected,     //
    kDisconnected,  // `text` says why
    kRefused,       // a new connection, for want of descriptors or of an upstream
    kFaultAdded,    //
    kFaultRemoved,  //
    kFull,          // a link holds all that it may, and stops reading
    kNotFull,       // and goes on
    kUnreadable,    // no NATS where there should be: it passes unread from here on
    kMoment,        // the frame is held: Links::release() lets it go
    kHandedOut,     // what Links::watch_deliveries() asked for, as it comes
  };
  Kind kind{};
  base::Instant at{};
  std::string link;
  std::uint64_t connection = 0;
  std::string client;
  std::string fault;
  std::string text;
  std::optional<MomentEvent> moment;
  std::vector<HandedOut> handed_out;
};
std::string_view name_of(ProxyEvent::Kind kind);  // "connected"

// Called on the proxy's thread, from within its work: it must be quick, and must not call back.
using EventSink = std::function<void(ProxyEvent)>;

}  // namespace squall::proxy
