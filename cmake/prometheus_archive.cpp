// The one class of prometheus-cpp that squall calls and that is no header, for programs that are linked
// without its shared library (static_libraries.cmake): metrics in Prometheus' text format. Counters, gauges
// and untyped ones, which is what squall has.
#include <prometheus/text_serializer.h>

#include <locale>
#include <ostream>
#include <sstream>

namespace prometheus {
namespace {

void write_escaped(std::ostream& out, const std::string& text) {
  for (const char c : text) {
    if (c == '\\') {
      out << "\\\\";
    } else if (c == '"') {
      out << "\\\"";
    } else if (c == '\n') {
      out << "\\n";
    } else {
      out << c;
    }
  }
}

void write_metric(std::ostream& out, const MetricFamily& family, const ClientMetric& metric) {
  out << family.name;
  if (!metric.label.empty()) {
    const char* separator = "{";
    for (const auto& label : metric.label) {
      out << separator << label.name << "=\"";
      write_escaped(out, label.value);
      out << "\"";
      separator = ",";
    }
    out << "}";
  }
  out << " "
      << (family.type == MetricType::Counter ? metric.counter.value
          : family.type == MetricType::Gauge ? metric.gauge.value
                                             : metric.untyped.value)
      << "\n";
}

}  // namespace

std::string Serializer::Serialize(const std::vector<MetricFamily>& families) const {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(17);
  Serialize(out, families);
  return out.str();
}

void TextSerializer::Serialize(std::ostream& out, const std::vector<MetricFamily>& families) const {
  for (const MetricFamily& family : families) {
    if (!family.help.empty()) out << "# HELP " << family.name << " " << family.help << "\n";
    out << "# TYPE " << family.name << " "
        << (family.type == MetricType::Counter ? "counter"
            : family.type == MetricType::Gauge ? "gauge"
                                               : "untyped")
        << "\n";
    for (const ClientMetric& metric : family.metric) write_metric(out, family, metric);
  }
}

}  // namespace prometheus
