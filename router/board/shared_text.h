// A short text in memory shared by processes: one writer at a time, any number of readers, and never a torn
// read (a sequence lock over atomic words). A writer killed in the middle leaves it unreadable, as empty.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace router::board {

template <std::size_t kCapacity>
class SharedText {
  static_assert(kCapacity % 8 == 0);

 public:
  // Cuts what is longer than kCapacity bytes.
  void write(std::string_view text) {
    const std::uint32_t version = (version_.load(std::memory_order_relaxed) | 1U);
    version_.store(version, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    std::array<char, kCapacity> bytes{};
    const std::size_t size = text.size() < kCapacity ? text.size() : kCapacity;
    text.copy(bytes.data(), size);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i * 8, 8);
      words_[i].store(word, std::memory_order_relaxed);
    }
    size_.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_release);
  }

  std::string read() const {
    for (int attempt = 0; attempt < 64; ++attempt) {
      const std::uint32_t before = version_.load(std::memory_order_acquire);
      if ((before & 1U) != 0) continue;
      std::array<char, kCapacity> bytes{};
      for (std::size_t i = 0; i < words_.size(); ++i) {
        const std::uint64_t word = words_[i].load(std::memory_order_relaxed);
        std::memcpy(bytes.data() + i * 8, &word, 8);
      }
      const std::uint32_t size = size_.load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (version_.load(std::memory_order_relaxed) == before) return {bytes.data(), size};
    }
    return {};
  }

 private:
  std::atomic<std::uint32_t> version_{};
  std::atomic<std::uint32_t> size_{};
  std::array<std::atomic<std::uint64_t>, kCapacity / 8> words_{};
};

}  // namespace router::board
