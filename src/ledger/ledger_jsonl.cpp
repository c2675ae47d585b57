#include <nlohmann/json.hpp>

#include "ledger/circumstance_json.h"
#include "ledger/ledger_codec.h"

namespace squall::ledger {
namespace {

using Json = nlohmann::ordered_json;

Json begin(std::string_view kind, base::Instant at, const Layout& layout) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(at - layout.anchor.mono);
  return Json{{"record", kind},
              {"t_ms", static_cast<double>(us.count()) / 1e3},
              {"utc", base::format_utc(layout.anchor.to_wall(at))}};
}

void put_checksum(Json& json, const std::optional<std::uint32_t>& checksum) {
  if (checksum) json["checksum"] = *checksum;
}

Json describe(const Attempt& attempt, const Layout& layout) {
  Json json = begin("attempt", attempt.at, layout);
  json["id"] = attempt.id;
  json["key"] = attempt.key;
  if (attempt.intended_at) json["late_ms"] = base::to_ms(attempt.at - *attempt.intended_at);
  if (attempt.source != 0) json["source"] = attempt.source;
  if (attempt.order_key != 0) json["order_key"] = attempt.order_key;
  put_checksum(json, attempt.checksum);
  if (attempt.filtered) json["filtered"] = true;
  return json;
}

Json describe(const Outcome& outcome, const Layout& layout) {
  Json json = begin("outcome", outcome.at, layout);
  json["id"] = outcome.id;
  if (const auto* ok = std::get_if<Acknowledged>(&outcome.how)) {
    json["outcome"] = "ok";
    json["stream_seq"] = ok->stream_seq;
    if (ok->duplicate) json["duplicate"] = true;
  } else if (const auto* failed = std::get_if<Failed>(&outcome.how)) {
    json["outcome"] = "failed";
    json["reason"] = failed->reason;
  } else {
    json["outcome"] = "unknown";
    json["reason"] = std::get<Unknown>(outcome.how).reason;
  }
  return json;
}

Json describe(const Delivery& delivery, const Layout& layout) {
  Json json = begin("delivery", delivery.at, layout);
  json["key"] = delivery.key;
  json["stream_seq"] = delivery.stream_seq;
  json["delivery_count"] = delivery.delivery_count;
  put_checksum(json, delivery.checksum);
  return json;
}

Json describe(const Effect& effect, const Layout& layout) {
  Json json = begin("effect", effect.at, layout);
  // A stage that the layout does not name is damage that must stay visible.
  if (effect.stage < layout.stages.size()) {
    json["stage"] = layout.stages[effect.stage];
  } else {
    json["stage"] = effect.stage;
  }
  json["key"] = effect.key;
  json["stream_seq"] = effect.stream_seq;
  put_checksum(json, effect.checksum);
  return json;
}

Json describe(const Confirmed& confirmed, const Layout& layout) {
  Json json = begin("confirmed", confirmed.at, layout);
  json["key"] = confirmed.key;
  json["stream_seq"] = confirmed.stream_seq;
  return json;
}

Json describe(const Stored& stored, const Layout& layout) {
  Json json = begin("stored", stored.at, layout);
  json["key"] = stored.key;
  json["stream"] = stored.stream;
  json["stream_seq"] = stored.stream_seq;
  put_checksum(json, stored.checksum);
  return json;
}

Json describe(const Circumstance& circumstance, const Layout& layout) {
  Json json = begin(name_of(circumstance), at_of(circumstance), layout);
  put_fields(json, circumstance);
  return json;
}

}  // namespace

std::string to_jsonl(const Record& record, const Layout& layout) {
  const Json json = std::visit([&](const auto& specific) { return describe(specific, layout); }, record);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace squall::ledger
