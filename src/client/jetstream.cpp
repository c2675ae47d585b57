#include "client/jetstream.h"

#include "wire/base64.h"
#include "wire/jetstream_wire.h"

namespace squall::client {

namespace asio = boost::asio;
using Json = nlohmann::json;

namespace {

OperationError bad_reply(std::string text) { return {.kind = ErrorKind::kBadReply, .text = std::move(text)}; }

OperationError refused(const Json& error) {
  return {.kind = ErrorKind::kRefused,
          .code = error.value("code", 0),
          .number = error.value("err_code", 0),
          .text = error.value("description", std::string())};
}

// Turns the answer into T; a field of a wrong type is a bad reply, not an exception.
template <typename T, typename Read>
Outcome<T> read_answer(const Outcome<Json>& answer, Read read) {
  if (!answer) return std::unexpected(answer.error());
  try {
    return read(*answer);
  } catch (const Json::exception& wrong_type) {
    return std::unexpected(bad_reply(wrong_type.what()));
  }
}

AccountStatus to_account(const Json& json) {
  return {.memory = json.value("memory", std::uint64_t{0}),
          .storage = json.value("storage", std::uint64_t{0}),
          .streams = json.value("streams", std::uint64_t{0}),
          .consumers = json.value("consumers", std::uint64_t{0})};
}

StreamStatus to_stream(const Json& json) {
  const Json& state = json.at("state");
  StreamStatus stream;
  stream.config = json.at("config");
  stream.name = stream.config.at("name");
  stream.made_at = json.value("created", std::string());
  stream.messages = state.value("messages", std::uint64_t{0});
  stream.bytes = state.value("bytes", std::uint64_t{0});
  stream.first_seq = state.value("first_seq", std::uint64_t{0});
  stream.last_seq = state.value("last_seq", std::uint64_t{0});
  stream.consumers = state.value("consumer_count", std::uint64_t{0});
  if (const auto cluster = json.find("cluster"); cluster != json.end()) {
    stream.leader = cluster->value("leader", std::string());
  }
  return stream;
}

ConsumerStatus to_consumer(const Json& json) {
  ConsumerStatus consumer;
  consumer.stream = json.value("stream_name", std::string());
  consumer.name = json.value("name", std::string());
  consumer.config = json.at("config");
  const Json& delivered = json.at("delivered");
  const Json& floor = json.at("ack_floor");
  consumer.delivered_consumer_seq = delivered.value("consumer_seq", std::uint64_t{0});
  consumer.delivered_stream_seq = delivered.value("stream_seq", std::uint64_t{0});
  consumer.ack_floor_consumer_seq = floor.value("consumer_seq", std::uint64_t{0});
  consumer.ack_floor_stream_seq = floor.value("stream_seq", std::uint64_t{0});
  consumer.num_pending = json.value("num_pending", std::uint64_t{0});
  consumer.num_ack_pending = json.value("num_ack_pending", std::uint64_t{0});
  consumer.num_redelivered = json.value("num_redelivered", std::uint64_t{0});
  consumer.num_waiting = json.value("num_waiting", std::uint64_t{0});
  consumer.push_bound = json.value("push_bound", false);
  consumer.paused = json.value("paused", false);
  if (const auto cluster = json.find("cluster"); cluster != json.end()) {
    consumer.leader = cluster->value("leader", std::string());
  }
  return consumer;
}

Outcome<StoredMessage> to_message(const Json& json) {
  const Json& message = json.at("message");
  auto payload = wire::base64_decode(message.value("data", std::string()));
  auto headers = wire::base64_decode(message.value("hdrs", std::string()));
  const auto stored_at = base::parse_rfc3339(message.at("time").get<std::string>());
  if (!payload) return std::unexpected(bad_reply(payload.error().message()));
  if (!headers) return std::unexpected(bad_reply(headers.error().message()));
  if (!stored_at) return std::unexpected(bad_reply("the message's time is no RFC 3339 time"));
  StoredMessage stored;
  stored.stream_seq = message.at("seq");
  stored.subject = message.at("subject");
  stored.headers = std::move(*headers);
  stored.payload = std::move(*payload);
  stored.stored_at = *stored_at;
  return stored;
}

}  // namespace

std::string api_subject(const Connection& connection, std::string_view operation, std::string_view stream,
                        std::string_view consumer) {
  std::string subject = fmt::format("{}.{}", connection.options().js_api_prefix, operation);
  if (!stream.empty()) subject.append(".").append(stream);
  if (!consumer.empty()) subject.append(".").append(consumer);
  return subject;
}

std::string JetStream::api(std::string_view operation, std::string_view stream,
                           std::string_view consumer) const {
  return api_subject(*connection_, operation, stream, consumer);
}

std::string_view StoredMessage::header(std::string_view name) const {
  return wire::find_header(headers, name).value_or(std::string_view{});
}

asio::awaitable<Outcome<Json>> JetStream::call(std::string subject, std::string body,
                                               base::Instant deadline) {
  const std::shared_ptr<Connection> connection = connection_;
  const Outcome<Message> reply = co_await connection->request(std::move(subject), std::move(body), deadline);
  if (!reply) co_return std::unexpected(reply.error());
  Json json = Json::parse(reply->payload, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) co_return std::unexpected(bad_reply("the answer is no JSON object"));
  if (const auto error = json.find("error"); error != json.end() && error->is_object()) {
    co_return std::unexpected(refused(*error));
  }
  co_return json;
}

JetStream::Answer<AccountStatus> JetStream::account(base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("INFO"), "", deadline);
  co_return read_answer<AccountStatus>(answer, to_account);
}

JetStream::Answer<std::vector<std::string>> JetStream::names(std::string subject, std::string field,
                                                             base::Instant deadline) {
  std::vector<std::string> all;
  while (true) {  // in pages, as the server gives them
    const std::string body = Json{{"offset", all.size()}}.dump();
    const Outcome<Json> answer = co_await call(subject, body, deadline);
    std::uint64_t total = 0;
    Outcome<std::vector<std::string>> page =
        read_answer<std::vector<std::string>>(answer, [&](const Json& json) -> std::vector<std::string> {
          total = json.value("total", std::uint64_t{0});
          const auto found = json.find(field);
          if (found == json.end() || found->is_null()) return {};
          return found->get<std::vector<std::string>>();
        });
    if (!page) co_return std::unexpected(page.error());
    all.insert(all.end(), page->begin(), page->end());
    if (page->empty() || all.size() >= total) co_return all;
  }
}

JetStream::Answer<std::vector<std::string>> JetStream::stream_names(base::Instant deadline) {
  return names(api("STREAM.NAMES"), "streams", deadline);
}

JetStream::Answer<StreamStatus> JetStream::stream(std::string name, base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("STREAM.INFO", name), "", deadline);
  co_return read_answer<StreamStatus>(answer, to_stream);
}

JetStream::Answer<StreamStatus> JetStream::create_stream(Json config, base::Instant deadline) {
  const std::string name = config.value("name", std::string());
  const Outcome<Json> answer = co_await call(api("STREAM.CREATE", name), config.dump(), deadline);
  co_return read_answer<StreamStatus>(answer, to_stream);
}

JetStream::Answer<void> JetStream::delete_stream(std::string name, base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("STREAM.DELETE", name), "", deadline);
  if (!answer) co_return std::unexpected(answer.error());
  co_return Outcome<void>{};
}

JetStream::Answer<std::vector<std::string>> JetStream::consumer_names(const std::string& stream,
                                                                      base::Instant deadline) {
  return names(api("CONSUMER.NAMES", stream), "consumers", deadline);
}

JetStream::Answer<ConsumerStatus> JetStream::consumer(std::string stream, std::string name,
                                                      base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("CONSUMER.INFO", stream, name), "", deadline);
  co_return read_answer<ConsumerStatus>(answer, to_consumer);
}

JetStream::Answer<ConsumerStatus> JetStream::create_consumer(std::string stream, Json config,
                                                             base::Instant deadline) {
  const std::string durable = config.value("durable_name", std::string());
  const std::string subject =
      durable.empty() ? api("CONSUMER.CREATE", stream) : api("CONSUMER.DURABLE.CREATE", stream, durable);
  const Json body{{"stream_name", stream}, {"config", std::move(config)}};
  const Outcome<Json> answer = co_await call(subject, body.dump(), deadline);
  co_return read_answer<ConsumerStatus>(answer, to_consumer);
}

JetStream::Answer<void> JetStream::delete_consumer(std::string stream, std::string name,
                                                   base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("CONSUMER.DELETE", stream, name), "", deadline);
  if (!answer) co_return std::unexpected(answer.error());
  co_return Outcome<void>{};
}

JetStream::Answer<StoredMessage> JetStream::get_message(std::string stream, Json query,
                                                        base::Instant deadline) {
  const Outcome<Json> answer = co_await call(api("STREAM.MSG.GET", stream), query.dump(), deadline);
  co_return read_answer<StoredMessage>(answer, to_message);
}

JetStream::Answer<StoredMessage> JetStream::message(std::string stream, std::uint64_t seq,
                                                    base::Instant deadline) {
  Json query{{"seq", seq}};
  return get_message(std::move(stream), std::move(query), deadline);
}

JetStream::Answer<StoredMessage> JetStream::next_message(std::string stream, std::uint64_t seq,
                                                         std::string filter, base::Instant deadline) {
  Json query{{"seq", seq}, {"next_by_subj", filter}};
  return get_message(std::move(stream), std::move(query), deadline);
}

}  // namespace squall::client
