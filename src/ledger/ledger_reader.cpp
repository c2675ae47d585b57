#include <fmt/format.h>
#include <zstd.h>

#include <nlohmann/json.hpp>

#include "base/invariant.h"
#include "ledger/crc32c.h"
#include "ledger/frame_decoder.h"
#include "ledger/ledger_codec.h"

namespace squall::ledger {
namespace {

using namespace format;

std::uint32_t load_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

base::Result<Layout> parse_layout(std::string_view payload) {
  if (payload.front() != static_cast<char>(PayloadKind::layout)) return base::fail("its head is missing");
  try {
    const auto described = nlohmann::json::parse(payload.substr(1));
    Layout layout;
    layout.stages = described.at("stages").get<std::vector<std::string>>();
    layout.key_prefix = described.at("key_prefix").get<std::string>();
    layout.anchor.mono = base::Instant{base::Nanos{described.at("start_mono_ns").get<std::int64_t>()}};
    layout.anchor.wall = base::WallInstant{base::Nanos{described.at("start_wall_ns").get<std::int64_t>()}};
    if (described.contains("fan_out")) described.at("fan_out").get_to(layout.fan_out);
    if (!layout.valid()) return base::fail("impossible stages");
    return layout;
  } catch (const nlohmann::json::exception& error) {
    return base::fail("its head is damaged: {}", error.what());
  }
}

}  // namespace

void Reader::EndUnpacker::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Reader::Reader(Visitor visitor) : visitor_(std::move(visitor)), unpacker_(ZSTD_createDCtx()) {
  SQUALL_CHECK(unpacker_ != nullptr);
}

Reader::~Reader() = default;

base::Result<void> Reader::feed(std::string_view bytes) {
  if (reading_.cut_short) {
    // A checksum that was wrong at the end of what there was is damage if the file goes on.
    return {};
  }
  const bool had_pending = !pending_.empty();
  if (had_pending) pending_.append(bytes);
  std::string_view rest = had_pending ? std::string_view(pending_) : bytes;
  if (!layout_) {
    if (auto head = take_head(rest); !head) return head;
  }
  while (layout_ && !reading_.cut_short && take_frame(rest)) {
  }
  if (had_pending) {
    pending_.erase(0, pending_.size() - rest.size());
  } else {
    pending_.assign(rest);
  }
  return {};
}

// Nothing happens until the head is whole.
base::Result<void> Reader::take_head(std::string_view& rest) {
  const std::string_view there = rest.substr(0, kMagic.size());
  if (there.substr(0, 7) != kMagic.substr(0, there.substr(0, 7).size())) {
    return base::fail("this is not a Squall ledger");
  }
  if (there.size() < kMagic.size()) return {};
  if (there.back() != kMagic.back() && there.back() != kVersionWithoutRuns)
    return base::fail("this ledger is of a version that this build does not read");
  const std::string_view frame = rest.substr(kMagic.size());
  if (frame.size() < kFrameHead) return {};
  const std::size_t size = load_u32(frame);
  if (size == 0 || size > kMaxPayload) return base::fail("the ledger's head is of impossible size");
  if (frame.size() - kFrameHead < size) return {};
  const std::string_view payload = frame.substr(kFrameHead, size);
  if (crc32c(payload) != load_u32(frame.substr(4))) return base::fail("the ledger's head is damaged");
  auto layout = parse_layout(payload);
  if (!layout) return base::fail_within("cannot read the ledger", layout.error());
  layout_ = std::move(*layout);
  if (visitor_.on_layout) visitor_.on_layout(*layout_);
  rest = frame.substr(kFrameHead + size);
  reading_.good_bytes = kMagic.size() + kFrameHead + size;
  return {};
}

// False: there is no whole frame, or reading has stopped.
bool Reader::take_frame(std::string_view& rest) {
  if (rest.size() < kFrameHead) return false;
  const std::size_t size = load_u32(rest);
  if (size == 0 || size > kMaxPayload) {
    stop("damaged: a frame of impossible size");
    return false;
  }
  if (rest.size() - kFrameHead < size) return false;
  const std::string_view payload = rest.substr(kFrameHead, size);
  if (crc32c(payload) != load_u32(rest.substr(4))) {
    // At the very end of the file it was being written: finish() says so.
    if (rest.size() > kFrameHead + size) stop("damaged: a frame has the wrong checksum");
    return false;
  }
  std::optional<std::string_view> records = payload.substr(1);
  if (payload.front() == static_cast<char>(PayloadKind::packed)) {
    records = unpack(payload.substr(1));
    if (!records) {
      stop("damaged: a frame that cannot be unpacked");
      return false;
    }
  } else if (payload.front() != static_cast<char>(PayloadKind::records)) {
    stop("a frame of an unknown kind");
    return false;
  }
  read_records(*records);
  rest.remove_prefix(kFrameHead + size);
  if (!reading_.cut_short) reading_.good_bytes += kFrameHead + size;
  return !reading_.cut_short;
}

std::optional<std::string_view> Reader::unpack(std::string_view packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size > kMaxPayload) return std::nullopt;  // unknown and erroneous sizes are larger, too
  unpacked_.resize(size);
  const std::size_t got =
      ZSTD_decompressDCtx(unpacker_.get(), unpacked_.data(), unpacked_.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size) return std::nullopt;
  return unpacked_;
}

void Reader::read_records(std::string_view records) {
  FrameDecoder decoder(records, *layout_);
  while (const Entry* entry = decoder.next()) {
    ++reading_.records;
    if (visitor_.on_entry) visitor_.on_entry(*entry);
    if (visitor_.on_record) visitor_.on_record(to_record(*entry, *layout_));
  }
  if (decoder.broken()) stop("damaged: a frame that makes no sense");
}

void Reader::stop(std::string problem) {
  reading_.cut_short = fmt::format("byte {}: {}", reading_.good_bytes, problem);
}

base::Result<Reading> Reader::finish() {
  if (!layout_) {
    return pending_.size() < 7 ? base::fail("this is not a Squall ledger")
                               : base::fail("the ledger ends in its head");
  }
  if (!reading_.cut_short && !pending_.empty()) {
    const bool whole = pending_.size() >= kFrameHead && pending_.size() - kFrameHead >= load_u32(pending_);
    stop(whole ? "the last frame is torn (wrong checksum)" : "the last frame is torn");
  }
  return reading_;
}

base::Result<Reading> read(std::string_view bytes, const Visitor& visitor) {
  Reader reader(visitor);
  if (auto fed = reader.feed(bytes); !fed) return std::unexpected(fed.error());
  return reader.finish();
}

}  // namespace squall::ledger
