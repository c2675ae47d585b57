// The scalar notations of experiment files: "250ms", "200/s", "1 MiB", "5%", NATS subjects and names. Each
// returns nothing when the text is not one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace squall::experiment {

// "250ms", "1.5s", "2m" or "2min", "24h", "50us"; a bare 0 is a duration, another bare number is not.
std::optional<base::Nanos> read_duration(std::string_view text);
// "200/s", "12000/min"; a bare number is not a rate.
std::optional<double> read_rate(std::string_view text);
// "4096", "64KiB", "1 MiB", "2GiB".
std::optional<std::int64_t> read_size(std::string_view text);
// "4096", "100..4 KiB": the least and the most of it.
std::optional<std::pair<std::int64_t, std::int64_t>> read_size_range(std::string_view text);
// "orders.{0..2}.x" → three texts; one without a range is itself. Nothing: a range that is none, or of more
// than a thousand.
std::optional<std::vector<std::string>> expand_range(std::string_view text);
// "5%" or "0.05".
std::optional<double> read_share(std::string_view text);
std::optional<std::int64_t> read_integer(std::string_view text);
std::optional<double> read_number(std::string_view text);
std::optional<bool> read_flag(std::string_view text);

// As one would write it: "1.5s", "250ms", "2min".
std::string write_duration(base::Nanos duration);

// "orders.created", without wildcards.
bool is_subject(std::string_view text);
// The same with * and > where NATS allows them.
bool is_subject_pattern(std::string_view text);
// What streams and consumers may be called: no dots, wildcards, slashes or white space.
bool is_stream_name(std::string_view text);
// A name of the user's: letters, digits, - and _, beginning with a letter or digit.
bool is_name(std::string_view text);
// "/order_id", "/a/0/b~1c".
bool is_json_pointer(std::string_view text);
// "nats://host:4222", "tls://host"; neither user nor password.
bool is_nats_url(std::string_view text);
// "http://host:port/path".
bool is_http_url(std::string_view text);
bool is_header_name(std::string_view text);

}  // namespace squall::experiment
