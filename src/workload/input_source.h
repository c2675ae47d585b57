// Where inputs come from: the user's own messages, a template, or padding, each with a fresh identity in it,
// since no real service accepts random bytes, and no loss can be told without an identity. Pure: input n is
// the same whenever it is made, so a retry is the same message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/record.h"

namespace squall::workload {

// One input of the system under test.
struct Input {
  std::string subject;
  std::string key;  // its identity: what the system hands through to its effects
  std::string payload;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint32_t order_key = 0;  // as in ledger::Attempt
  bool filtered = false;        // declared to have no effect
};

// Text with ${id} (the identity), ${number} (0, 1, …) and ${time} (UTC, of the run's start plus the number in
// µs: the same at each making) in it; "$${" is "${".
class TextTemplate {
 public:
  // Errors: another name between ${ and }, no }.
  static base::Result<TextTemplate> parse(std::string_view text);

  void append(std::string& out, std::string_view id, std::uint64_t number, base::WallInstant started) const;

 private:
  enum class Part { kText, kId, kNumber, kTime };
  std::vector<std::pair<Part, std::string>> parts_;
};

struct SizeRange {
  std::size_t least = 0;
  std::size_t most = 0;  // included
};

// Which inputs are declared to have no effect. Where both are given, both must be so.
struct WithoutEffect {
  std::vector<std::string> subjects;  // patterns; empty: any
  std::string pointer;                // into the payload; empty: any
  std::vector<std::string> values;    // one of these stands there, as text or as JSON
};

struct InputOptions {
  // In turn; each a template.
  std::vector<std::string> subjects;
  // Samples, in turn; or templates; or, when there are neither, JSON of these sizes with the identity at /id
  // (padding alone where it is too small for that).
  std::vector<std::string> samples;
  std::vector<std::string> templates;
  std::vector<SizeRange> sizes;  // in turn; the seed draws from each range
  // JSON pointer → template, put into each sample and template. "${number}" alone stays a number.
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> headers;  // name → template
  bool message_id = true;                                    // Nats-Msg-Id: the identity
  std::optional<WithoutEffect> without_effect;
  std::string key_prefix;  // identities are <key_prefix><number>
  base::WallInstant started{};
  std::uint64_t seed = 1;
};

// The lines of a .jsonl file that are not empty. Errors: one that is no JSON; none at all. They name the
// line.
base::Result<std::vector<std::string>> split_samples(std::string_view jsonl);

class InputSource {
 public:
  // Errors: a template, a pointer or a sample that does not fit; they say which.
  static base::Result<InputSource> make(InputOptions options);

  // Writes over `input`, and reuses its memory.
  void make_input(ledger::OpId id, Input& input) const;
  Input input(ledger::OpId id) const;

 private:
  explicit InputSource(InputOptions options) : options_(std::move(options)) {}
  void pad(ledger::OpId id, Input& input) const;
  base::Result<void> declare_without_effect(const WithoutEffect& which);

  InputOptions options_;
  std::vector<TextTemplate> subjects_;
  std::vector<TextTemplate> payloads_;
  // Of each subject and of each payload, whether it is one of those without effect; empty: none is.
  std::vector<bool> quiet_subjects_;
  std::vector<bool> quiet_payloads_;
  std::vector<std::pair<std::string, TextTemplate>> headers_;
};

}  // namespace squall::workload
