#include "fault/link_fault_kinds.h"

#include <fmt/format.h>

namespace squall::fault {
namespace {

FieldDoc time_field(std::string name, std::string json, std::string meaning, bool required) {
  return {.name = std::move(name),
          .json = std::move(json),
          .type = FieldType::kDuration,
          .meaning = std::move(meaning),
          .standard = required ? "" : "0s",
          .required = required};
}

FieldDoc size_field(std::string name, std::string json, std::string meaning, bool required, double low) {
  return {.name = std::move(name),
          .json = std::move(json),
          .type = FieldType::kSize,
          .meaning = std::move(meaning),
          .standard = required ? "" : "0",
          .required = required,
          .low = low};
}

// What they all have.
std::vector<FieldDoc> with_common(std::vector<FieldDoc> own, std::string direction) {
  own.push_back({.name = "direction",
                 .json = "stream",
                 .type = FieldType::kChoice,
                 .meaning = "What the client sends, what the server sends, or both",
                 .standard = std::move(direction),
                 .choices = {"upstream", "downstream", "both"}});
  own.push_back({.name = "share",
                 .json = "toxicity",
                 .type = FieldType::kShare,
                 .meaning = "This part of the connections; which ones the seed says",
                 .standard = "100%"});
  return own;
}

struct Entry {
  std::string name;
  std::string summary;
  std::string happens;
  std::vector<FieldDoc> fields;
  std::string direction = "both";
  std::string example = "";
};

std::vector<Entry> entries() {
  return {
      {"latency",
       "Bytes arrive later, in order",
       "Everything is slower by the delay; throughput stays as it is. A good service keeps enough in flight",
       {time_field("delay", "delay_ms", "How much later", true),
        time_field("jitter", "jitter_ms", "Plus or minus", false)},
       "downstream",
       "  delay: 100ms\n"},
      {"bandwidth",
       "So many bytes a second pass, and no more",
       "Queues fill behind it: in the sender's buffers, then in the server, which may call it a slow "
       "consumer",
       {size_field("per_second", "bytes_per_second", "Bytes a second", true, 1)},
       "downstream",
       "  per_second: 64KiB\n"},
      {"slow_close",
       "The end of the stream arrives later than its bytes",
       "The peer learns late that the connection is closed",
       {time_field("delay", "delay_ms", "How much later", true)},
       "downstream",
       "  delay: 1s\n"},
      {"timeout",
       "Bytes are thrown away, and the connection is closed in the end",
       "Nothing arrives, and no error comes either. A good client notices by its pings and deadlines",
       {time_field("after", "after_ms", "Closed after this time; 0: when the fault is removed", false)}},
      {"reset_peer",
       "The connections end by RST at both ends",
       "What was in flight is gone. A good client reconnects and repeats what was not acknowledged",
       {time_field("after", "after_ms", "So long after the fault began or the connection was made", false)}},
      {"refuse",
       "New connections are refused; those that live stay",
       "A client that reconnects meanwhile is refused. A good one goes on trying",
       {}},
      {"half_open",
       "One end is gone and the other does not know",
       "The client sends into nothing until its own pings tell it",
       {},
       "upstream"},
      {"black_hole",
       "A partition: nothing passes, no end and no reset either",
       "Everybody waits. When it heals, all of it arrives; what timed out meanwhile was perhaps repeated",
       {size_field("after_bytes", "after_bytes", "Only after so many bytes", false, 0),
        time_field("after", "after_ms", "Only after this time", false)}},
      {"cut_after_bytes",
       "RST when so many bytes have passed, in the middle of whatever they are",
       "The client sees a torn frame and the end of the connection. A good one reconnects",
       {size_field("bytes", "bytes", "How many", true, 1)},
       "downstream",
       "  bytes: 64KiB\n"},
      {"cut_after_time",
       "RST when the connection is this old; older ones at once",
       "Connections live no longer than that. A good client reconnects each time",
       {time_field("age", "age_ms", "How old", true)},
       "both",
       "  age: 2s\n"},
      {"slicer",
       "Bytes arrive in small pieces",
       "Frames are torn everywhere. A good client's parser does not care",
       {size_field("average_size", "average_size", "Of a piece", true, 1),
        size_field("size_variation", "size_variation", "Plus or minus", false, 0),
        time_field("delay", "delay_ms", "Between two pieces", false)},
       "downstream",
       "  average_size: 64\n"},
      {"limit_data",
       "The connection is closed in order when so many bytes have passed",
       "The client sees the end of the stream. A good one reconnects",
       {size_field("bytes", "bytes", "How many", true, 1)},
       "downstream",
       "  bytes: 64KiB\n"},
  };
}

}  // namespace

std::vector<KindDoc> link_fault_kinds() {
  std::vector<KindDoc> kinds;
  for (Entry& entry : entries()) {
    KindDoc kind{.name = entry.name,
                 .target = TargetKind::kLink,
                 .summary = std::move(entry.summary),
                 .happens = std::move(entry.happens),
                 .effect = "the bytes or connections that it touched are counted",
                 .heal = "The fault is removed after the time that `for` says",
                 .needs = "a process that Squall starts, or a link that an attached one dials",
                 .fields = with_common(std::move(entry.fields), entry.direction),
                 .active_json = "duration_ms",
                 .active_required = true};
    kind.example = fmt::format("- {}: orders\n{}  for: 4s", kind.name, entry.example);
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

}  // namespace squall::fault
