// Randomness that replays. A Seed is a value; every choice is a pure function of a seed and of names or
// counters mixed into it, so the order in which threads ask changes nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::base {

class Seed {
 public:
  constexpr explicit Seed(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }

  // An independent seed for a named or numbered part.
  constexpr Seed derive(std::string_view name) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return Seed(mix(value_ ^ mix(hash)));
  }
  constexpr Seed derive(std::uint64_t number) const {
    return Seed(mix(value_ + 0x9e3779b97f4a7c15ULL * (number + 1)));
  }

  // Uniform in [0, 1).
  constexpr double unit() const { return static_cast<double>(mix(value_) >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound); bound > 0. The bias is below bound / 2^64.
  constexpr std::uint64_t below(std::uint64_t bound) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(mix(value_)) * bound) >> 64);
  }

 private:
  // The finaliser of SplitMix64.
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t value_;
};

}  // namespace squall::base
