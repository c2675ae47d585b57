// The `nats:` section.
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

constexpr Bounds<std::int64_t> kCount{0, std::int64_t{1} << 50};

Shape<StreamSpec> stream_shape() {
  auto table = std::make_shared<Table<StreamSpec>>();
  table->field({.name = "subjects", .meaning = "The subjects that it stores", .required = true},
               &StreamSpec::subjects, list_of(text("NATS subject (* and > allowed)", is_subject_pattern), 1));
  table->field({.name = "storage", .meaning = "Where messages are kept", .standard = "file"},
               &StreamSpec::storage,
               choice<Storage>({{"file", Storage::kFile}, {"memory", Storage::kMemory}}));
  table->field({.name = "retention", .meaning = "When messages are removed", .standard = "limits"},
               &StreamSpec::retention,
               choice<Retention>({{"limits", Retention::kLimits},
                                  {"interest", Retention::kInterest},
                                  {"workqueue", Retention::kWorkQueue}}));
  table->field({.name = "replicas", .meaning = "Copies in a cluster", .standard = "1"}, &StreamSpec::replicas,
               whole<int>({1, 5}));
  table->field({.name = "duplicate_window",
                .meaning = "How long a repeated Nats-Msg-Id is refused",
                .standard = "2min"},
               &StreamSpec::duplicate_window, duration({100ms, 24h * 365}));
  table->field({.name = "max_age", .meaning = "How long messages are kept; 0 is for ever", .standard = "0s"},
               &StreamSpec::max_age, duration({0s, 24h * 365}));
  table->field({.name = "max_messages", .meaning = "How many messages are kept"}, &StreamSpec::max_messages,
               integer(kCount));
  table->field({.name = "max_bytes", .meaning = "How much is kept"}, &StreamSpec::max_bytes, size(kCount));
  return section<StreamSpec>(table);
}

Shape<ConsumerSpec> consumer_shape() {
  auto table = std::make_shared<Table<ConsumerSpec>>();
  table->field({.name = "filter", .meaning = "Only messages of this subject; without it all of the stream"},
               &ConsumerSpec::filter, text("NATS subject (* and > allowed)", is_subject_pattern));
  table->field({.name = "ack_wait",
                .meaning = "How long a delivered message may stay unacked before it is delivered again: the "
                           "floor of `caught_up` after a kill",
                .standard = "30s"},
               &ConsumerSpec::ack_wait, duration({10ms, 24h}));
  table->field(
      {.name = "max_deliver", .meaning = "Deliveries before it is given up; -1 is never", .standard = "-1"},
      &ConsumerSpec::max_deliver, whole<int>({-1, 1'000'000}));
  table->field({.name = "max_ack_pending", .meaning = "Unacked messages at a time", .standard = "1000"},
               &ConsumerSpec::max_ack_pending, whole<int>({1, 1'000'000}));
  return section<ConsumerSpec>(table);
}

Shape<StartedNats> started_shape() {
  auto table = std::make_shared<Table<StartedNats>>();
  table->field({.name = "servers", .meaning = "How many; more than one form a cluster", .standard = "1"},
               &StartedNats::servers, whole<int>({1, 9}));
  table->field({.name = "binary", .meaning = "The nats-server to run; without it that of the PATH"},
               &StartedNats::binary, path());
  table->field(
      {.name = "sync_interval",
       .meaning = "When JetStream's files are flushed to the disk: \"always\" or a duration; without "
                  "it the server's default (2 minutes, 1 before 2.10)"},
      &StartedNats::sync_interval, text("\"always\", or a duration such as 30s", [](std::string_view given) {
        return given == "always" || read_duration(given);
      }));
  table->field(
      {.name = "configuration", .meaning = "More lines for each server's configuration, as they are"},
      &StartedNats::configuration, text("text"));
  table->field({.name = "down_at_start",
                .meaning = "The processes start while no server runs yet, as after a power cut",
                .standard = "false"},
               &StartedNats::down_at_start, flag());
  const Shape<StartedNats> short_form = written_as<StartedNats, std::int64_t>(
      integer({1, 9}),
      [](StartedNats& into, std::int64_t servers) { into.servers = static_cast<int>(servers); });
  return either(Node::Kind::kScalar, short_form, section<StartedNats>(table));
}

Shape<Tls> tls_shape() {
  auto table = std::make_shared<Table<Tls>>();
  table->field({.name = "ca", .meaning = "The certificates to trust; without it the system's"}, &Tls::ca,
               path());
  table->field({.name = "certificate", .meaning = "Our own certificate, for servers that ask for one"},
               &Tls::certificate, path());
  table->field({.name = "key", .meaning = "The key of our certificate"}, &Tls::key, path());
  table->field(
      {.name = "server_name", .meaning = "The name in the server's certificate, if it is not the host"},
      &Tls::server_name, text("host name"));
  table->field({.name = "first", .meaning = "TLS before the server's INFO", .standard = "false"}, &Tls::first,
               flag());
  table->rule([](Reading& reading, const Node& node, const std::string& field, Tls& tls) {
    tls.required = true;
    if (tls.certificate.empty() != tls.key.empty()) {
      reading.mistake(node, field, "expected certificate and key together");
    }
  });
  return section<Tls>(table);
}

// The whole section as it is written.
struct Written {
  std::optional<StartedNats> start;
  AttachedNats attached;
  std::vector<StreamSpec> streams;
  std::vector<ConsumerSpec> consumers;
};

AttachedNats& attached(Written& written) { return written.attached; }

template <typename V>
void attached_field(Table<Written>& table, FieldText text, V AttachedNats::* member, Shape<V> shape) {
  table.field<V>(std::move(text), std::move(shape),
                 [member](Written& into, V value) { attached(into).*member = std::move(value); });
}

void add_attached_fields(Table<Written>& table) {
  attached_field(table,
                 {.name = "context", .meaning = "A context of the `nats` command line: url and credentials"},
                 &AttachedNats::context, text("context's name"));
  const Shape<std::string> url =
      text("url such as nats://127.0.0.1:4222, without user and password", is_nats_url);
  attached_field(table, {.name = "url", .meaning = "A server that runs already, or a list of them"},
                 &AttachedNats::urls, one_or_more(url));
  attached_field(table, {.name = "user", .meaning = "With `password`"}, &AttachedNats::user, text("user"));
  attached_field(table, {.name = "password", .meaning = "Where the user's password is to be had"},
                 &AttachedNats::password, secret());
  attached_field(table, {.name = "token", .meaning = "Where the token is to be had"}, &AttachedNats::token,
                 secret());
  attached_field(table, {.name = "creds", .meaning = "A .creds file (JWT and seed)"}, &AttachedNats::creds,
                 path());
  attached_field(table, {.name = "nkey", .meaning = "A file with an NKEY seed"}, &AttachedNats::nkey, path());
  attached_field(table, {.name = "tls", .meaning = "TLS to the servers; {} for the system's certificates"},
                 &AttachedNats::tls, tls_shape());
  attached_field(table,
                 {.name = "inbox_prefix", .meaning = "The first tokens of our inboxes", .standard = "_INBOX"},
                 &AttachedNats::inbox_prefix, text("NATS subject", is_subject));
  attached_field(table, {.name = "domain", .meaning = "JetStream's domain"}, &AttachedNats::domain,
                 text("domain's name", is_stream_name));
  attached_field(
      table,
      {.name = "shared",
       .meaning =
           "Says to readers that others use these servers. Squall looks at its own subjects, never at who is "
           "connected, and refuses what others use of them (allow.other_publishers, other_consumers)",
       .standard = "false"},
      &AttachedNats::shared, flag());
}

void check_credentials(Reading& reading, const Node& node, const std::string& field, Written& written) {
  const AttachedNats& nats = written.attached;
  if (written.start) {
    for (const char* name :
         {"user", "password", "token", "creds", "nkey", "tls", "domain", "shared", "inbox_prefix"}) {
      if (const auto* entry = node.find_entry(name)) {
        reading.mistake(entry->first, joined(field, name),
                        "is for attached servers (url or context), not with start");
      }
    }
    return;
  }
  const int ways = static_cast<int>(!nats.user.empty()) + static_cast<int>(!nats.token.empty()) +
                   static_cast<int>(!nats.creds.empty()) + static_cast<int>(!nats.nkey.empty());
  if (ways > 1) reading.mistake(node, field, "expected only one of user, token, creds, nkey");
  if (nats.user.empty() != nats.password.empty()) {
    reading.mistake(node, field, "expected user and password together");
  }
  if (!nats.context.empty() && ways > 0) {
    reading.mistake(node, field,
                    "a context brings its own credentials: expected no user, token, creds, nkey");
  }
}

void check_consumers(Reading& reading, const Node& /*node*/, const std::string& field, Written& written) {
  for (const ConsumerSpec& consumer : written.consumers) {
    const bool known =
        std::ranges::find(written.streams, consumer.stream, &StreamSpec::name) != written.streams.end();
    if (known || !written.start) continue;
    std::vector<std::string> names;
    names.reserve(written.streams.size());
    for (const StreamSpec& stream : written.streams) names.push_back(stream.name);
    reading.mistake_at(
        fmt::format("{}.consumers.{}/{}", field, consumer.stream, consumer.name),
        fmt::format("no stream {} in streams{}", consumer.stream, suggestion(consumer.stream, names)));
  }
}

void check_replicas(Reading& reading, const Node& /*node*/, const std::string& field, Written& written) {
  for (const StreamSpec& stream : written.streams) {
    if (!written.start || stream.replicas <= written.start->servers) continue;
    reading.mistake_at(fmt::format("{}.streams.{}.replicas", field, stream.name),
                       fmt::format("expected at most the {} of start.servers, not {}", written.start->servers,
                                   stream.replicas));
  }
}

bool is_consumer_name(std::string_view given) {
  const std::size_t slash = given.find('/');
  return slash != std::string_view::npos && is_stream_name(given.substr(0, slash)) &&
         is_stream_name(given.substr(slash + 1));
}

std::shared_ptr<const Table<Written>> nats_table() {
  auto table = std::make_shared<Table<Written>>();
  table->field(
      {.name = "start",
       .meaning = "Servers of Squall's own, on free ports, named nats-1, nats-2 …; a number alone says "
                  "how many"},
      &Written::start, started_shape());
  add_attached_fields(*table);
  table->field({.name = "streams",
                .meaning = "Streams that Squall makes before the processes start, and removes at the end"},
               &Written::streams,
               named<StreamSpec>(
                   stream_shape(), [](StreamSpec& into, const std::string& name) { into.name = name; },
                   is_stream_name, "a stream's name (no dots, spaces or wildcards)"));
  table->field(
      {.name = "consumers", .meaning = "Durable pull consumers that Squall makes, named STREAM/consumer"},
      &Written::consumers,
      named<ConsumerSpec>(
          consumer_shape(),
          [](ConsumerSpec& into, const std::string& name) {
            const std::size_t slash = name.find('/');
            into.stream = name.substr(0, slash);
            into.name = slash == std::string::npos ? "" : name.substr(slash + 1);
          },
          is_consumer_name, "STREAM/consumer"));
  table->exactly_one({"start", "url", "context"});
  table->rule(check_credentials);
  table->rule(check_consumers);
  table->rule(check_replicas);
  return table;
}

}  // namespace

Shape<Nats> nats_shape() {
  return written_as<Nats, Written>(section<Written>(nats_table()), [](Nats& into, Written written) {
    if (written.start) {
      into.how = std::move(*written.start);
    } else {
      into.how = std::move(written.attached);
    }
    into.streams = std::move(written.streams);
    into.consumers = std::move(written.consumers);
  });
}

}  // namespace squall::experiment
