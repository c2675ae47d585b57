#include "router/nats/stored_message.h"

#include <openssl/evp.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace router::nats {
namespace {

using nlohmann::json;

std::optional<std::string> decode_base64(const std::string& text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace

void read_last_of_subject(RequestMux& requests, const std::string& stream, const std::string& subject,
                          base::Nanos timeout, std::move_only_function<void(StoredAnswer)> done) {
  requests.request("$JS.API.STREAM.MSG.GET." + stream, json{{"last_by_subj", subject}}.dump(), timeout,
                   [done = std::move(done)](const Answer& answer) mutable { done(stored_in(answer)); });
}

StoredAnswer stored_in(const Answer& answer) {
  if (!answer) return std::unexpected(NotRead::unavailable);
  const auto body = json::parse(answer->payload, nullptr, false);
  if (!body.is_object()) return std::unexpected(NotRead::unavailable);
  try {
    if (const auto error = body.find("error"); error != body.end()) {
      return std::unexpected(error->value("code", 0) == 404 ? NotRead::absent : NotRead::unavailable);
    }
    const auto& message = body.at("message");
    auto payload = decode_base64(message.value("data", ""));
    if (!payload) return std::unexpected(NotRead::unavailable);
    return StoredMessage{message.at("subject"), message.at("seq"), std::move(*payload)};
  } catch (const json::exception&) {
    return std::unexpected(NotRead::unavailable);
  }
}

}  // namespace router::nats
