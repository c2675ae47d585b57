// CRC-32C (Castagnoli), the checksum of the ledger's frames. Finds damage; proves nothing about who wrote it.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::ledger {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace squall::ledger
