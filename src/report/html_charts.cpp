// The two charts as inline SVG. Places along time are percentages of a drawing as wide as the page, so that
// text keeps its size on a phone; what needs a path is a nested drawing that is stretched.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html_parts.h"
#include "report/report_text.h"

namespace squall::report::html {
namespace {

using base::Nanos;

// "Nice" steps of a time axis: 1, 2 or 5 times a power of ten, about five of them.
Nanos tick_step(Nanos span) {
  const double raw = std::max(1.0, static_cast<double>(span.count()) / 5);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) return Nanos{std::llround(factor * power)};
  }
  return Nanos{std::llround(10 * power)};
}

// All labels of an axis in one unit, without needless digits.
std::string tick_label(Nanos value, Nanos step) {
  using std::chrono::milliseconds;
  if (value == Nanos{0}) return "0";
  if (step >= std::chrono::seconds{1}) return fmt::format("{} s", std::llround(base::to_ms(value) / 1e3));
  if (step >= milliseconds{100}) return fmt::format("{:.1f} s", base::to_ms(value) / 1e3);
  if (step >= milliseconds{1}) return fmt::format("{:.0f} ms", base::to_ms(value));
  return fmt::format("{:.3g} ms", base::to_ms(value));
}

double percent(Nanos value, Nanos span) {
  return span <= Nanos{0} ? 0 : 100 * static_cast<double>(value.count()) / static_cast<double>(span.count());
}

void add_scale(std::string& out, Nanos span, int top, int height) {
  const Nanos step = tick_step(span);
  for (Nanos at{0}; at <= span; at += step) {
    const double x = percent(at, span);
    const bool at_the_end = x > 94;
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.3f}%\" x2=\"{0:.3f}%\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text x=\"{0:.3f}%\" y=\"{3}\" text-anchor=\"{4}\">{5}</text>\n",
        x, top, top + height, top + height + 14, x < 2 ? "start" : (at_the_end ? "end" : "middle"),
        tick_label(at, step));
  }
}

std::string phase_class(std::string_view phase) {
  std::string name = "ph-" + std::string(phase);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

void add_bar(std::string& out, const TrialReport& trial, Nanos span) {
  const std::vector<Segment> segments = segments_of(trial);
  out += fmt::format(
      "<div class=\"bar\"><span class=\"who\">{}</span><svg role=\"img\" height=\"18\" width=\"100%\">"
      "<title>trial {}: {}</title>",
      trial.number, trial.number, escape(make_summary(trial)));
  Nanos end{0};
  for (const Segment& segment : segments) {
    end = segment.to;
    if (segment.to == segment.from) continue;
    out += fmt::format(
        "<rect class=\"{}\" x=\"{:.3f}%\" width=\"{:.3f}%\" height=\"18\"><title>{}: {} after the fault"
        "</title></rect>",
        phase_class(segment.phase), percent(segment.from, span), percent(segment.to - segment.from, span),
        said(segment.phase, trial.victim), base::format_duration(segment.to));
  }
  if (!trial.time_to_green) {
    out += fmt::format("<rect class=\"never\" x=\"{:.3f}%\" width=\"{:.3f}%\" height=\"18\"/>",
                       percent(end, span), percent(std::max(trial.observed_for() - end, Nanos{0}), span));
  }
  out += fmt::format("</svg><span class=\"value{}\">{}</span></div>\n", trial.time_to_green ? "" : " bad",
                     trial.time_to_green ? base::format_duration(*trial.time_to_green) : "never");
}

// The events that deserve a tick; probes and log lines are many, and stand in the text.
std::string_view tick_class(evidence::EventKind kind) {
  switch (kind) {
    case evidence::EventKind::fault:
    case evidence::EventKind::effect:
      return "ev-fault";
    case evidence::EventKind::heal:
      return "ev-heal";
    case evidence::EventKind::process:
      return "ev-process";
    default:
      return {};
  }
}

constexpr int kTop = 16;     // room for the trials' numbers
constexpr int kHeight = 96;  // of the rates
constexpr int kLane = 10;    // of the ticks
constexpr int kStrip = 6;    // of "recovering", above the rates

// Of one fault, since the case's beginning.
struct Span {
  Nanos fault;
  Nanos healed;
  Nanos green;
};

std::vector<Span> spans_of(const TrialReport& trial, Nanos case_began) {
  const Nanos first = *trial.took_effect_at - case_began;
  const Nanos end = trial.ended_at - case_began;
  if (trial.faults.size() < 2) {
    return {{.fault = first,
             .healed = trial.healed_at ? *trial.healed_at - case_began : end,
             .green = trial.time_to_green ? first + *trial.time_to_green : end}};
  }
  std::vector<Span> spans;
  for (const FaultReport& fault : trial.faults) {
    const Nanos began = first + fault.after;
    spans.push_back({.fault = began,
                     .healed = fault.over ? began + *fault.over : end,
                     .green = fault.green ? began + *fault.green : end});
  }
  return spans;
}

void add_shades(std::string& out, const CaseReport& report) {
  for (const TrialReport& trial : report.trials) {
    if (!trial.took_effect_at) continue;
    const auto shade = [&](std::string_view kind, Nanos from, Nanos to, int height,
                           const std::string& title) {
      if (to <= from) return;
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.3f}%\" width=\"{:.3f}%\" y=\"{}\" height=\"{}\"><title>{}</title>"
          "</rect>\n",
          kind, percent(from, report.took), percent(to - from, report.took), kTop, height, escape(title));
    };
    const std::vector<Span> spans = spans_of(trial, report.began_at);
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const auto& [fault, healed, green] = spans[i];
      shade("sh-fault", fault, std::min(healed, green), kHeight,
            fmt::format("trial {}: {}", trial.number, spans.size() > 1 ? trial.faults[i].what : trial.fault));
      shade("sh-recovery", std::max(healed, fault), green, kStrip,
            fmt::format("trial {}: recovering", trial.number));
    }
    out += fmt::format("<text x=\"{:.3f}%\" y=\"12\">{}</text>\n", percent(spans.front().fault, report.took),
                       trial.number);
  }
}

// An area over the whole case; the drawing is stretched, so its units are bins and counts.
void add_rates(std::string& out, const CaseReport& report, std::uint64_t highest) {
  int index = 0;
  for (const Series& series : report.series) {
    if (series.counts.empty() || series.bin <= Nanos{0}) continue;
    std::string steps = "M0 100";
    for (std::size_t i = 0; i < series.counts.size(); ++i) {
      const double y = 100 - 100 * static_cast<double>(series.counts[i]) / static_cast<double>(highest);
      steps += fmt::format("V{:.1f}H{}", y, i + 1);
    }
    const double width = percent(series.bin * static_cast<Nanos::rep>(series.counts.size()), report.took);
    out += fmt::format(
        "<svg x=\"{:.3f}%\" y=\"{}\" width=\"{:.3f}%\" height=\"{}\" viewBox=\"0 0 {} 100\" "
        "preserveAspectRatio=\"none\"><path class=\"rate-{}\" d=\"{}V100Z\"/></svg>\n",
        percent(series.began_at - report.began_at, report.took), kTop + kStrip + 2, width,
        kHeight - kStrip - 2, series.counts.size(), index++ % 3, steps);
  }
}

void add_ticks(std::string& out, const CaseReport& report,
               const std::vector<evidence::TimelineEntry>& events) {
  for (const evidence::TimelineEntry& event : events) {
    const std::string_view kind = tick_class(event.kind);
    if (kind.empty()) continue;
    out += fmt::format(
        "<line class=\"{0}\" x1=\"{1:.3f}%\" x2=\"{1:.3f}%\" y1=\"{2}\" y2=\"{3}\"><title>{4}: "
        "{5}</title></line>\n",
        kind, percent(event.since_start - report.began_at, report.took), kTop + kHeight + 1,
        kTop + kHeight + kLane, evidence::to_string(event.kind), escape(event.what));
  }
}

void add_timeline_legend(std::string& out, const CaseReport& report, std::uint64_t highest) {
  out += "<p class=\"legend\">";
  int index = 0;
  for (const Series& series : report.series) {
    if (series.counts.empty()) continue;
    out += fmt::format("<span><i class=\"rate-{}\"></i>{} per {}</span>", index++ % 3, escape(series.name),
                       base::format_duration(series.bin));
  }
  if (highest > 0) out += fmt::format("<span>top of the scale: {}</span>", group_digits(highest));
  out +=
      "<span><i class=\"sh-fault\"></i>fault</span><span><i class=\"sh-recovery\"></i>recovering</span>"
      "<span><i class=\"ev-fault\"></i>fault took effect</span><span><i class=\"ev-heal\"></i>heal</span>"
      "<span><i class=\"ev-process\"></i>process event</span></p>\n";
}

}  // namespace

std::string phase_bars(const CaseReport& report) {
  Nanos span{0};
  bool anyone_never = false;
  for (const TrialReport& trial : report.trials) {
    if (!trial.took_effect_at || trial.fault.empty()) continue;
    anyone_never = anyone_never || !trial.time_to_green;
    span = std::max(span, trial.time_to_green.value_or(trial.observed_for()));
    for (const Segment& segment : segments_of(trial)) span = std::max(span, segment.to);
  }
  if (span <= Nanos{0}) return {};
  std::string out =
      "<figure>\n<figcaption>The way back to green, per trial, from the fault</figcaption>\n"
      "<p class=\"legend\">each phase with its median length, until: ";
  for (const PhaseLength& each : phase_split(report)) {
    const bool not_all = each.trials < each.of;
    out += fmt::format("<span><i class=\"{}\"></i>{} {}{}</span>", phase_class(each.phase),
                       said(each.phase, report), base::format_duration(each.median),
                       not_all ? fmt::format(" ({} of {})", each.trials, each.of) : std::string());
  }
  if (anyone_never) out += "<span><i class=\"never\"></i>never while it was watched</span>";
  out += "</p>\n";
  for (const TrialReport& trial : report.trials) {
    if (trial.took_effect_at && !trial.fault.empty()) add_bar(out, trial, span);
  }
  out += "<div class=\"bar\"><span class=\"who\"></span><svg class=\"scale\" height=\"20\" width=\"100%\">";
  add_scale(out, span, 0, 4);
  return out + "</svg><span class=\"value\"></span></div>\n</figure>\n";
}

std::string timeline_chart(const CaseReport& report, const std::vector<evidence::TimelineEntry>& events) {
  const bool any_fault =
      std::any_of(report.trials.begin(), report.trials.end(),
                  [](const TrialReport& trial) { return trial.took_effect_at.has_value(); });
  if (report.took <= Nanos{0} || (report.series.empty() && !any_fault)) return {};
  std::uint64_t highest = 0;
  for (const Series& series : report.series) {
    for (const std::uint64_t count : series.counts) highest = std::max(highest, count);
  }
  std::string out = "<figure>\n<figcaption>The whole test over time</figcaption>\n";
  add_timeline_legend(out, report, highest);
  out += fmt::format("<svg role=\"img\" class=\"scale\" width=\"100%\" height=\"{}\">\n",
                     kTop + kHeight + kLane + 18);
  add_shades(out, report);
  if (highest > 0) add_rates(out, report, highest);
  add_ticks(out, report, events);
  add_scale(out, report.took, kTop, kHeight + kLane);
  return out + "</svg>\n</figure>\n";
}

}  // namespace squall::report::html
