#include "run/questions.h"

#include <charconv>
#include <utility>

#include "http/http_client.h"
#include "process/child.h"
#include "run/consumer_pulse.h"
#include "run/run_session.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;
using probe::Answer;
using probe::Finding;

// A probe that is one coroutine function of its deadline.
class AskingProbe : public probe::Probe {
 public:
  using Ask = std::function<awaitable<Finding>(base::Instant)>;
  explicit AskingProbe(Ask ask) : ask_(std::move(ask)) {}
  awaitable<Finding> ask(base::Instant deadline) override { return ask_(deadline); }

 private:
  Ask ask_;
};

std::unique_ptr<probe::Probe> asking(AskingProbe::Ask ask) {
  return std::make_unique<AskingProbe>(std::move(ask));
}

Finding red(std::string reason) { return {Answer::kRed, std::move(reason)}; }

struct Url {
  probe::Endpoint endpoint;
  std::string target;
};

base::Result<Url> parse_url(const std::string& text) {
  std::string_view rest = text;
  if (!rest.starts_with("http://")) return base::fail("{} is no http:// address", text);
  rest.remove_prefix(7);
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  Url url;
  url.endpoint.host = std::string(authority.substr(0, colon));
  url.endpoint.port = 80;
  url.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    if (std::from_chars(port.data(), port.data() + port.size(), url.endpoint.port).ec != std::errc{}) {
      return base::fail("{} has no port in it", text);
    }
  }
  return url;
}

awaitable<Finding> consumer_pulls(ControlLink& nats, experiment::ConsumerPulls about,
                                  std::shared_ptr<ConsumerPulse> pulse, base::Instant by) {
  const auto jetstream = co_await nats.jetstream(by);
  if (!jetstream) co_return red(jetstream.error().message());
  client::JetStream api = *jetstream;
  const auto consumer = co_await api.consumer(about.stream, about.consumer, by);
  if (!consumer) co_return red(consumer.error().message());
  if (!pulse->is_served(*consumer, base::now())) {
    co_return red(fmt::format("nobody pulls from {}/{}", about.stream, about.consumer));
  }
  co_return Finding{Answer::kGreen, ""};
}

awaitable<Finding> consumer_lag(ControlLink& nats, experiment::ConsumerLag about, base::Instant by) {
  const auto jetstream = co_await nats.jetstream(by);
  if (!jetstream) co_return red(jetstream.error().message());
  client::JetStream api = *jetstream;
  const auto consumer = co_await api.consumer(about.stream, about.consumer, by);
  if (!consumer) co_return red(consumer.error().message());
  const auto lag = static_cast<std::int64_t>(consumer->num_pending + consumer->num_ack_pending);
  if (lag > about.at_most) co_return red(fmt::format("{} messages wait, more than {}", lag, about.at_most));
  co_return Finding{Answer::kGreen, ""};
}

// The sum over all labels of the metric; nothing when the page has none of that name.
std::optional<double> metric_in(std::string_view page, const std::string& name) {
  std::optional<double> sum;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    const std::size_t name_end = line.find_first_of("{ ");
    const std::size_t blank = line.rfind(' ');
    if (name_end == std::string_view::npos || line.substr(0, name_end) != name) continue;
    double value = 0;
    const std::string_view number = line.substr(blank + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc{}) continue;
    sum = sum.value_or(0) + value;
  }
  return sum;
}

awaitable<Finding> metric_is(boost::asio::io_context& io, experiment::MetricIs about, Url url,
                             base::Instant by) {
  http::GetRequest request{.host = url.endpoint.host, .port = url.endpoint.port, .target = url.target};
  const auto page = co_await http::get(io, std::move(request), by);
  if (!page) co_return red(page.error().message());
  const auto value = metric_in(page->body, about.name);
  if (!value) co_return red(fmt::format("{} has no {}", about.url, about.name));
  const bool ok = *value >= about.at_least.value_or(*value) && *value <= about.at_most.value_or(*value);
  if (!ok) co_return red(fmt::format("{} is {}", about.name, *value));
  co_return Finding{Answer::kGreen, ""};
}

awaitable<Finding> command_succeeds(boost::asio::io_context& io, experiment::CommandSucceeds about,
                                    base::Instant by) {
  process::ChildOptions options{
      .name = about.command.front(), .command = about.command, .log_path = "/dev/null"};
  auto child = process::Child::start(io, std::move(options));
  if (!child) co_return red(child.error().message());
  const auto ended = co_await (*child)->wait_exit(by);
  if (!ended) co_return red(about.command.front() + " did not end in time");
  if (ended->code != 0) co_return red(about.command.front() + ": " + ended->describe());
  co_return Finding{Answer::kGreen, ""};
}

using MadeProbe = base::Result<std::unique_ptr<probe::Probe>>;

struct MakeProbe {
  Asked& asked;

  MadeProbe operator()(const experiment::ProcessLives& about) const {
    return probe::process_alive([&to = asked, name = about.process] { return to.process(name); });
  }
  MadeProbe operator()(const experiment::NatsConnects&) const {
    return asking(
        [&nats = asked.nats](base::Instant by) -> awaitable<Finding> { return connects(nats, by); });
  }
  MadeProbe operator()(const experiment::HttpAnswers& about) const {
    const auto url = url_of(about.url);
    if (!url) return std::unexpected(url.error());
    return probe::http_status(asked.io, {url->endpoint, url->target, about.status});
  }
  MadeProbe operator()(const experiment::MetricIs& about) const {
    const auto url = url_of(about.url);
    if (!url) return std::unexpected(url.error());
    return asking(
        [&io = asked.io, about, url = *url](base::Instant by) { return metric_is(io, about, url, by); });
  }
  MadeProbe operator()(const experiment::ConsumerPulls& about) const {
    return asking([&nats = asked.nats, about, pulse = std::make_shared<ConsumerPulse>()](base::Instant by) {
      return consumer_pulls(nats, about, pulse, by);
    });
  }
  MadeProbe operator()(const experiment::ConsumerLag& about) const {
    return asking([&nats = asked.nats, about](base::Instant by) { return consumer_lag(nats, about, by); });
  }
  MadeProbe operator()(const experiment::LogSays& about) const {
    return probe::latched([&to = asked, about] {
      if (to.log_says(about.process, about.text)) return Finding{Answer::kGreen, ""};
      return red(fmt::format("{} has not said \"{}\" yet", about.process, about.text));
    });
  }
  MadeProbe operator()(const experiment::CommandSucceeds& about) const {
    return asking([&io = asked.io, about](base::Instant by) { return command_succeeds(io, about, by); });
  }

  base::Result<Url> url_of(const std::string& text) const {
    const auto filled = asked.fill_in(text);
    if (!filled) return std::unexpected(filled.error());
    return parse_url(*filled);
  }
  static awaitable<Finding> connects(ControlLink& nats, base::Instant by) {
    const auto jetstream = co_await nats.jetstream(by);
    if (!jetstream) co_return red(jetstream.error().message());
    const auto pong = co_await jetstream->connection()->ping(by);
    if (!pong) co_return red(pong.error().message());
    co_return Finding{Answer::kGreen, ""};
  }
};

}  // namespace

MadeProbe make_probe(const experiment::Question& question, Asked& asked) {
  return std::visit(MakeProbe{asked}, question);
}

}  // namespace squall::run
