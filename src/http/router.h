// Which function answers a request, by its method and path. A value: it can be built and asked in a test
// without a socket, and the function's type is the user's choice.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::http {

// The parts of a path that a pattern left open, in the order of the pattern.
using PathParts = std::vector<std::string>;

// Matches "/proxies/{}/toxics" against a decoded path; {} stands for one segment that is not empty.
std::optional<PathParts> match_path(std::string_view pattern, std::string_view path);

template <typename Function>
class Router {
 public:
  struct Match {
    const Function* function = nullptr;  // null: nobody answers
    PathParts parts;
    bool other_method = false;  // the path is known, but not with this method
  };

  // The first route that fits wins.
  void add(std::string_view method, std::string_view pattern, Function function) {
    routes_.push_back({std::string(method), std::string(pattern), std::move(function)});
  }

  Match find(std::string_view method, std::string_view path) const {
    Match match;
    for (const Route& route : routes_) {
      auto parts = match_path(route.pattern, path);
      if (!parts) continue;
      if (route.method == method) return {&route.function, std::move(*parts), false};
      match.other_method = true;
    }
    return match;
  }

 private:
  struct Route {
    std::string method;
    std::string pattern;
    Function function;
  };
  std::vector<Route> routes_;
};

}  // namespace squall::http
