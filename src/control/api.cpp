#include "control/api.h"

#include <vector>

#include "control/link_api.h"
#include "control/link_metrics.h"
#include "control/toxiproxy_api.h"

namespace squall::control {

namespace {

bool is_own(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

Answer metrics(const Call& call) {
  return http::text_response(200, metrics_text(call.links.status()),
                             "text/plain; version=0.0.4; charset=utf-8");
}

// Without "//", "." and ".."; Toxiproxy sends a client there.
std::string clean_path(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(end);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string clean;
  for (const std::string_view segment : segments) clean += fmt::format("/{}", segment);
  return path.ends_with('/') || clean.empty() ? clean + '/' : clean;
}

http::Response not_found(const http::Request& request) {
  if (is_own(request.path))
    return error_response(request.path, {404, fmt::format("no such path: {}", request.path)});
  http::Response response = http::text_response(404, "404 page not found\n");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

http::Response wrong_method(const http::Request& request) {
  if (!is_own(request.path)) return {.status = 405};
  return error_response(request.path,
                        {405, fmt::format("{} does not take {}", request.path, request.method)});
}

}  // namespace

http::Response error_response(std::string_view path, const ApiError& error) {
  if (!is_own(path)) return toxiproxy_error(error);
  return http::json_response(error.status, fmt::format("{{{}}}", error_fields(error)));
}

Api::Api(std::uint64_t seed) : desk_{.seed = seed} {
  add_toxiproxy_routes(router_);
  add_link_routes(router_);
  router_.add("GET", "/metrics", metrics);
}

http::Response Api::answer(const http::Request& request, proxy::Links& links) {
  if (std::string clean = clean_path(request.path); clean != request.path) {
    return {.status = 301, .headers = {{"Location", std::move(clean)}}};
  }
  const auto match = router_.find(request.method, request.path);
  if (match.function == nullptr) return match.other_method ? wrong_method(request) : not_found(request);
  // Toxiproxy keeps browsers out by their name; a page of ours may use /v1.
  if (!is_own(request.path) && request.header("User-Agent").starts_with("Mozilla/")) {
    http::Response response = http::text_response(403, "User agent not allowed\n");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return response;
  }
  const Call call{.request = request, .parts = match.parts, .links = links, .desk = desk_};
  const Answer answer = (*match.function)(call);
  if (answer) return *answer;
  return error_response(request.path, answer.error());
}

}  // namespace squall::control
