// Frames → bytes, appended to a buffer. What is written is canonical (verbs in capitals, single blanks,
// CRLF); parsing it gives the same frame.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/frame.h"
#include "wire/headers.h"

namespace squall::wire {

void append_frame(std::string& out, const Frame& frame);

// PUB or HPUB with the header block written in place: what a publisher does 300,000 times a second.
void append_publish(std::string& out, std::string_view subject, std::string_view reply,
                    std::span<const Header> headers, std::string_view payload);

// "PUB" line, headers and payload of such a frame, in bytes.
std::size_t publish_size(std::string_view subject, std::string_view reply, std::span<const Header> headers,
                         std::string_view payload);

}  // namespace squall::wire
