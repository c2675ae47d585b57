// The scalar notations of the configuration: "250ms", "1MiB", "127.0.0.1:8222", NATS subjects and names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/config/router_config.h"

namespace router::config {

// "250ms", "1.5s", "2m", "24h", "50us"; a bare 0 is a duration, another bare number is not.
std::optional<Duration> parse_duration(std::string_view text);
// "4096", "64KiB", "1MiB".
std::optional<std::size_t> parse_bytes(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);
std::optional<bool> parse_bool(std::string_view text);
// "host:port"; "[::1]:0" for IPv6.
std::optional<HttpSettings> parse_listen(std::string_view text);

// "a.b.c", without wildcards, not beginning with $.
bool is_subject(std::string_view text);
// The same with * and > where NATS allows them.
bool is_subject_pattern(std::string_view text);
// Whether there is a subject that both patterns match.
bool subjects_overlap(std::string_view one, std::string_view other);
// What streams and consumers may be called: no dots, wildcards, slashes or white space.
bool is_stream_name(std::string_view text);
// "nats://host:4222", "tls://user:word@host", "host"; a port is from 1 to 65535.
bool is_nats_url(std::string_view text);
// What may be shown of one: without user and password.
std::string without_credentials(std::string_view url);

// The known name that was probably meant, if one is near.
std::optional<std::string> nearest(std::string_view text, const std::vector<std::string>& known);

}  // namespace router::config
