// Medians, and medians of ratios with the interval that the pairs allow to claim.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace squall::bench {

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct Interval {
  double low = 0;
  double middle = 0;
  double high = 0;
};

// The median and the interval that holds the true one with at least 95 %: order statistics, no assumption on
// the distribution. Below 6 values it is all of them.
inline Interval median_interval(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  double probability = std::pow(0.5, static_cast<double>(n));  // of none below the median
  double below = probability;
  std::size_t rank = 0;
  while (true) {
    probability *= static_cast<double>(n - rank) / static_cast<double>(rank + 1);
    if (below + probability > 0.025 || rank + 1 >= n / 2) break;
    below += probability;
    ++rank;
  }
  return {values[rank], median(values), values[n - 1 - rank]};
}

inline Interval ratio_of(const std::vector<double>& values, const std::vector<double>& references) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i) ratios.push_back(values[i] / references[i]);
  return median_interval(std::move(ratios));
}

}  // namespace squall::bench
