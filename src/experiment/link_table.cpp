// The `links:` section.
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

// A file that can be read when the experiment is.
Shape<std::filesystem::path> readable_file() {
  const Shape<std::filesystem::path> named = path();
  return {.doc = named.doc,
          .read = [named](Reading& reading, const Node& node, const std::string& field,
                          std::filesystem::path& into) {
            if (!named.read(reading, node, field, into)) return false;
            if (!reading.read_file()) return true;
            const auto text = reading.read_file()(into.string());
            if (!text) reading.mistake(node, field, text.error().message());
            return text.has_value();
          }};
}

Table<Tls>::Rule certificate_with_key() {
  return [](Reading& reading, const Node& node, const std::string& field, Tls& tls) {
    tls.required = true;
    if (tls.certificate.empty() != tls.key.empty()) {
      reading.mistake(node, field, "expected certificate and key together");
    }
  };
}

Shape<Tls> client_side() {
  auto table = std::make_shared<Table<Tls>>();
  table->field({.name = "certificate",
                .meaning = "What the link shows to clients, PEM; without it one of its own making, "
                           "self-signed, for localhost, 127.0.0.1 and ::1"},
               &Tls::certificate, readable_file());
  table->field({.name = "key", .meaning = "The key of that certificate"}, &Tls::key, readable_file());
  table->field({.name = "first", .meaning = "TLS before INFO", .standard = "false"}, &Tls::first, flag());
  table->rule(certificate_with_key());
  return section<Tls>(table);
}

Shape<Tls> server_side() {
  auto table = std::make_shared<Table<Tls>>();
  table->field(
      {.name = "ca", .meaning = "The certificates to trust; without it the server's is not verified"},
      &Tls::ca, readable_file());
  table->field({.name = "certificate", .meaning = "What the link shows to a server that asks for one"},
               &Tls::certificate, readable_file());
  table->field({.name = "key", .meaning = "The key of that certificate"}, &Tls::key, readable_file());
  table->field(
      {.name = "server_name", .meaning = "The name in the server's certificate, if it is not the host"},
      &Tls::server_name, text("host name"));
  table->field({.name = "first", .meaning = "TLS before the server's INFO", .standard = "false"}, &Tls::first,
               flag());
  table->rule(certificate_with_key());
  return section<Tls>(table);
}

Shape<LinkTls> link_tls() {
  auto table = std::make_shared<Table<LinkTls>>();
  table->field({.name = "client",
                .meaning = "TLS with those who dial the link; {} for a certificate of its own making"},
               &LinkTls::client, client_side());
  table->field({.name = "server", .meaning = "TLS with the server; {} to verify nothing"}, &LinkTls::server,
               server_side());
  table->rule([](Reading& reading, const Node& node, const std::string& field, LinkTls& tls) {
    if (!tls.any()) reading.mistake(node, field, "expected client, server or both");
  });
  return section<LinkTls>(table);
}

}  // namespace

Shape<std::vector<Link>> links_shape() {
  auto table = std::make_shared<Table<Link>>();
  table->field({.name = "to",
                .meaning = "A server (nats-1), any of them (nats), or host:port of something else",
                .standard = "nats-1"},
               &Link::to, text("server's name, or host:port"));
  table->field(
      {.name = "listen",
       .meaning = "Where it is dialled, for attached processes; ${link.NAME} says it to started ones",
       .standard = "127.0.0.1:0"},
      &Link::listen, text("host:port"));
  table->field({.name = "nats",
                .meaning = "Whether it speaks NATS; without that only faults of bytes are possible",
                .standard = "true"},
               &Link::speaks_nats, flag());
  table->field({.name = "tls",
                .meaning = "TLS that the link ends and begins anew, to read what is inside; a side that is "
                           "absent is plain"},
               &Link::tls, link_tls());
  table->rule([](Reading& reading, const Node& node, const std::string& field, Link& link) {
    if (link.speaks_nats || !link.tls.any()) return;
    reading.mistake(node.find_entry("tls")->first, joined(field, "tls"),
                    "is for links that speak NATS; with nats: false TLS passes as it is");
  });
  return named<Link>(
      section<Link>(table), [](Link& into, const std::string& name) { into.name = name; }, is_name,
      "a name of letters, digits, - and _");
}

}  // namespace squall::experiment
