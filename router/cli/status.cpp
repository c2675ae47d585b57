#include "router/cli/status.h"

#include <fmt/format.h>
#include <httplib.h>

#include <cstdio>
#include <fstream>

#include "base/clock.h"

namespace router::cli {

using nlohmann::json;
using squall::base::fail;
using squall::base::format_duration;
using squall::base::Result;

namespace {

constexpr auto kRow = "{:<18} {:>8}  {:<9} {:>12} {:>8}  {:<13} {:<9} {:>9}\n";

std::string cell(const json& process, const char* name) {
  const auto value = process.find(name);
  if (value == process.end() || value->is_null()) return "-";
  if (value->is_string()) return value->get<std::string>();
  if (value->is_boolean()) return value->get<bool>() ? "yes" : "no";
  return value->dump();
}

std::string duration_cell(const json& process, const char* name) {
  const auto value = process.find(name);
  if (value == process.end() || !value->is_number()) return "-";
  return format_duration(std::chrono::milliseconds{value->get<std::int64_t>()});
}

void add_rows(const json& process, std::size_t depth, std::string& table) {
  table += fmt::format(kRow, std::string(depth * 2, ' ') + cell(process, "name"), cell(process, "pid"),
                       cell(process, "state"), duration_cell(process, "uptime_ms"), cell(process, "restarts"),
                       cell(process, "nats"), cell(process, "consuming"), cell(process, "in_flight"));
  for (const json& child : process.value("children", json::array())) add_rows(child, depth + 1, table);
}

Result<json> get(httplib::Client& client, const char* path) {
  const auto answer = client.Get(path);
  if (!answer && answer.error() == httplib::Error::Connection) {
    return fail("it is not running: nobody listens there (it was killed, or its host restarted)");
  }
  if (!answer) return fail("no answer ({})", httplib::to_string(answer.error()));
  json body = json::parse(answer->body, nullptr, false);
  if (body.is_discarded()) return fail("{} did not answer with JSON", path);
  return body;
}

Result<std::string> table_from(const std::string& address) {
  httplib::Client client("http://" + address);
  client.set_connection_timeout(1, 0);
  client.set_read_timeout(2, 0);
  client.set_tcp_nodelay(true);
  const auto state = get(client, "/state");
  if (!state) return std::unexpected(state.error());
  const auto readiness = get(client, "/readyz");
  if (!readiness) return std::unexpected(readiness.error());
  return status_table(*state, *readiness);
}

}  // namespace

Result<std::string> status_table(const json& state, const json& readiness) {
  try {
    std::string table = fmt::format("router {}: {}\n\n", state.at("version").get<std::string>(),
                                    readiness.at("ready").get<bool>() ? "ready" : "NOT READY");
    table +=
        fmt::format(kRow, "process", "pid", "state", "uptime", "restarts", "nats", "consuming", "in flight");
    add_rows(state.at("tree"), 0, table);
    const json& p95 = state.at("decide_p95_ms");
    table += fmt::format("\nbackpressure {}, {} pending, {} in flight, decide p95 {}\n",
                         state.at("backpressure").get<std::string>(), state.at("pending").get<std::int64_t>(),
                         state.at("in_flight").get<std::int64_t>(),
                         p95.is_null() ? "-" : fmt::format("{:.1f} ms", p95.get<double>()));
    for (const json& failing : readiness.at("failing")) {
      table +=
          fmt::format("not ready: {} {} ({})\n", failing.at("process").get<std::string>(),
                      failing.at("condition").get<std::string>(), failing.at("detail").get<std::string>());
    }
    return table;
  } catch (const json::exception& exception) {
    return fail("this is not a router's answer: {}", exception.what());
  }
}

int print_status(const std::string& run_dir) {
  std::string address;
  if (!std::getline(std::ifstream(run_dir + "/http.address"), address) || address.empty()) {
    fmt::print(stderr, "router: no router runs in {}\n", run_dir);
    return 1;
  }
  const auto table = table_from(address);
  if (!table) {
    fmt::print(stderr, "router: the router in {} ({}): {}\n", run_dir, address, table.error().message());
    return 1;
  }
  fmt::print("{}", *table);
  return table->find(": ready\n") != std::string::npos ? 0 : 1;
}

}  // namespace router::cli
