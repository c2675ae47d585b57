#include "evidence/read_back.h"
#include "report/render.h"

namespace squall::report {

base::Result<void> write_reports(evidence::RunFolder& folder, const RunReport& report) {
  const auto timeline = evidence::read_timeline(folder.path());
  if (!timeline) return base::fail_within("cannot draw the report", timeline.error());
  const std::pair<const char*, std::string> files[] = {{"verdict.json", to_json(report)},
                                                       {"report.md", render_markdown(report, *timeline)},
                                                       {"report.html", render_html(report, *timeline)},
                                                       {"junit.xml", render_junit(report)}};
  for (const auto& [name, content] : files) {
    if (auto written = folder.write_file(name, content); !written) return written;
  }
  return folder.seal();
}

}  // namespace squall::report
