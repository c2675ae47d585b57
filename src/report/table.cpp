#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/render.h"
#include "report/report_text.h"

namespace squall::report {
namespace {

constexpr std::size_t kColumns = 9;
using Cells = std::array<std::string, kColumns>;

constexpr std::size_t kVerdictColumn = 1;

Cells cells_of(const TableRow& row) {
  return {row.test,      upper(check::to_string(row.verdict)),
          row.trials,    row.ttg_p50,
          row.ttg_p95,   row.ttg_max,
          row.acked,     row.lost,
          row.duplicated};
}

// In characters, not bytes ("µs", "–").
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view colour_of(check::VerdictKind kind) {
  switch (kind) {
    case check::VerdictKind::pass:
      return "\033[32m";
    case check::VerdictKind::fail:
      return "\033[1;31m";
    case check::VerdictKind::inconclusive:
      break;
  }
  return "\033[33m";
}

// Names to the left, figures to the right.
std::string pad(const std::string& text, std::size_t width, bool to_the_left) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return to_the_left ? text + space : space + text;
}

}  // namespace

std::string render_table(const RunReport& report, const TableOptions& options) {
  const Cells head{"test",    "verdict", "trials", "TTG p50",   "TTG p95",
                   "TTG max", "acked",   "lost",   "duplicated"};
  std::array<std::size_t, kColumns> widths{};
  std::vector<Cells> rows{head};
  for (const CaseReport& each : report.cases) rows.push_back(cells_of(table_row(each)));
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) {
      std::string cell = pad(rows[r][i], widths[i], i <= kVerdictColumn);
      if (options.colour && r > 0 && i == kVerdictColumn) {
        cell = fmt::format("{}{}\033[0m", colour_of(report.cases[r - 1].verdict), cell);
      }
      line += (i == 0 ? "" : "  ") + cell;
    }
    text += line + "\n";
  }
  return text + fmt::format("{}: {}\n", upper(check::to_string(report.verdict())), count_verdicts(report));
}

}  // namespace squall::report
