#include "control/link_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>

namespace squall::control {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using proxy::LinkStatus;

using Labels = std::vector<ClientMetric::Label>;

MetricFamily family(std::string name, std::string help, MetricType type) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

void add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

double number(std::uint64_t count) { return static_cast<double>(count); }

MetricFamily received_bytes(const std::vector<LinkStatus>& links) {
  auto bytes = family("toxiproxy_proxy_received_bytes_total", "Bytes read from the sender of that direction",
                      MetricType::Counter);
  for (const LinkStatus& link : links) {
    const auto labels = [&](const char* direction) {
      return Labels{{"direction", direction},
                    {"listener", link.listen},
                    {"proxy", link.settings.name},
                    {"upstream", link.settings.upstream}};
    };
    add(bytes, labels("downstream"), number(link.bytes_down));
    add(bytes, labels("upstream"), number(link.bytes_up));
  }
  return bytes;
}

MetricFamily of_links(const std::vector<LinkStatus>& links, MetricFamily made,
                      const std::function<double(const LinkStatus&)>& value) {
  for (const LinkStatus& link : links) add(made, {{"link", link.settings.name}}, value(link));
  return made;
}

MetricFamily effects(const std::vector<LinkStatus>& links) {
  auto effect =
      family("squall_fault_effect_total",
             "What a fault has struck: connections, bytes, frames, or cut connections", MetricType::Counter);
  for (const LinkStatus& link : links) {
    for (const proxy::FaultStatus& fault : link.faults) {
      const auto count = [&](const char* what, std::uint64_t value) {
        add(effect,
            {{"fault", fault.fault.name},
             {"kind", std::string(kind_of(fault.fault.action))},
             {"link", link.settings.name},
             {"what", what}},
            number(value));
      };
      count("connections", fault.effect.connections);
      count("bytes", fault.effect.bytes);
      count("frames", fault.effect.frames);
      count("cut", fault.effect.cut);
    }
  }
  return effect;
}

}  // namespace

std::string metrics_text(const std::vector<LinkStatus>& links) {
  std::vector<MetricFamily> families;
  families.push_back(received_bytes(links));
  families.push_back(of_links(links, family("squall_link_connections", "Live connections", MetricType::Gauge),
                              [](const LinkStatus& link) { return number(link.connections); }));
  families.push_back(
      of_links(links, family("squall_link_accepted_total", "Connections that came", MetricType::Counter),
               [](const LinkStatus& link) { return number(link.accepted); }));
  families.push_back(
      of_links(links,
               family("squall_link_refused_total", "Connections without a descriptor or an upstream for them",
                      MetricType::Counter),
               [](const LinkStatus& link) { return number(link.refused); }));
  families.push_back(of_links(links,
                              family("squall_link_held_bytes", "Bytes that faults hold", MetricType::Gauge),
                              [](const LinkStatus& link) { return number(link.held); }));
  families.push_back(of_links(
      links,
      family("squall_link_full", "1 while a link holds all that it may and does not read", MetricType::Gauge),
      [](const LinkStatus& link) { return link.full ? 1.0 : 0.0; }));
  families.push_back(effects(links));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace squall::control
