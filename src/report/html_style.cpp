#include "report/html_parts.h"

namespace squall::report::html {

// Colours of the phases are those of Okabe and Ito, which the colour-blind can tell apart.
std::string_view style() {
  return R"css(:root {
  --paper: #ffffff; --ink: #1b1f24; --dim: #59636e; --line: #d5dae0; --soft: #f4f6f8;
  --pass: #1a7f37; --fail: #b3261e; --inconclusive: #8a6100; --on-badge: #ffffff;
  --detected: #cc79a7; --server-back: #e69f00; --reconnected: #d8c721; --first-output: #56b4e9;
  --caught-up: #0072b2; --green: #009e73; --fault: #d55e0055; --recovery: #e69f00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e4e8ec; --dim: #9aa5b1; --line: #333b44; --soft: #1d232a;
    --pass: #4ac26b; --fail: #ff7b72; --inconclusive: #e3b341; --on-badge: #14181d;
    --fault: #d55e0077; --recovery: #e69f00;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; line-height: 1.3; margin: 0 0 4px; }
h2 { font-size: 19px; line-height: 1.35; margin: 0 0 6px; overflow-wrap: anywhere; }
p { margin: 4px 0 10px; }
a { color: inherit; }
.lead { font-size: 16px; }
.dim { color: var(--dim); font-size: 13px; }
.bad { color: var(--fail); font-weight: 600; }
.badge { display: inline-block; padding: 1px 8px; border-radius: 4px; font-size: 12px; font-weight: 700;
  line-height: 1.6; color: var(--on-badge); vertical-align: 2px; letter-spacing: .02em; }
h1 .badge { font-size: 17px; vertical-align: 3px; }
.badge.pass { background: var(--pass); } .badge.fail { background: var(--fail); }
.badge.inconclusive { background: var(--inconclusive); }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 4px; padding: 0 6px; font-size: 12px;
  color: var(--dim); white-space: nowrap; }
.reason { border-left: 4px solid var(--line); background: var(--soft); padding: 6px 12px; overflow-wrap: anywhere; }
.reason.fail { border-color: var(--fail); } .reason.inconclusive { border-color: var(--inconclusive); }
section { border-top: 1px solid var(--line); padding-top: 20px; margin-top: 28px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin: 8px 0; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
thead th { color: var(--dim); font-weight: 500; font-size: 13px; overflow-wrap: normal; }
tbody th { font-weight: 500; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 16px; margin: 10px 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
ul.examples { margin: 4px 0; padding-left: 18px; font: 12.5px/1.5 ui-monospace, monospace; }
ol.trials { padding-left: 30px; margin: 8px 0; } ol.trials li { margin: 5px 0; }
details { margin: 10px 0; } summary { cursor: pointer; font-weight: 500; }
pre { background: var(--soft); padding: 10px 12px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, monospace;
  border-radius: 4px; }
figure { margin: 18px 0; } figcaption { font-weight: 500; margin-bottom: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12.5px; color: var(--dim); margin: 2px 0 8px; }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px; vertical-align: -1px;
  border-radius: 2px; }
.bar { display: grid; grid-template-columns: 28px minmax(0, 1fr) 76px; gap: 8px; align-items: center; height: 22px; }
.bar svg { background: var(--soft); } .bar svg.scale { background: none; align-self: start; }
.who, .value { font-size: 12.5px; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.value { text-align: left; } .who { color: var(--dim); }
svg { display: block; overflow: visible; }
svg text { fill: var(--dim); font: 11.5px system-ui, sans-serif; }
.grid { stroke: var(--line); }
.ph-detected { fill: var(--detected); background: var(--detected); }
.ph-server-back { fill: var(--server-back); background: var(--server-back); }
.ph-reconnected { fill: var(--reconnected); background: var(--reconnected); }
.ph-first-output { fill: var(--first-output); background: var(--first-output); }
.ph-caught-up { fill: var(--caught-up); background: var(--caught-up); }
.ph-green { fill: var(--green); background: var(--green); }
.never { fill: var(--fail); fill-opacity: .35; stroke: var(--fail); stroke-dasharray: 3 3;
  background: repeating-linear-gradient(45deg, var(--fail) 0 2px, transparent 2px 5px); }
.sh-fault { fill: var(--fault); background: var(--fault); }
.sh-recovery { fill: var(--recovery); background: var(--recovery); }
.rate-0 { fill: var(--caught-up); fill-opacity: .55; background: var(--caught-up); }
.rate-1 { fill: var(--green); fill-opacity: .45; background: var(--green); }
.rate-2 { fill: var(--detected); fill-opacity: .45; background: var(--detected); }
.ev-fault { stroke: var(--fail); stroke-width: 3; background: var(--fail); }
.ev-heal { stroke: var(--pass); stroke-width: 3; background: var(--pass); }
.ev-process { stroke: var(--dim); stroke-width: 2; background: var(--dim); }
@media (max-width: 640px) {
  main { padding: 14px 14px 40px; }
  h1 { font-size: 21px; } h2 { font-size: 17px; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: 8px; }
  .cards thead { display: none; }
  .cards tr { display: block; border-bottom: 1px solid var(--line); padding: 8px 0; }
  .cards th, .cards td { display: flex; justify-content: space-between; gap: 16px; border: 0; padding: 1px 0;
    text-align: right; white-space: normal; }
  .cards th { text-align: left; font-weight: 600; }
  .cards td[data-label]::before { content: attr(data-label); color: var(--dim); text-align: left; font-weight: 400;
    flex: none; }
  .verdicts tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 2px 10px; }
  .verdicts th, .verdicts td { display: block; text-align: left; }
  .verdicts th, .verdicts td:not(.n) { grid-column: 1 / -1; }
  .verdicts td[data-label]::before { display: block; font-size: 12px; }
  .bar { grid-template-columns: 20px minmax(0, 1fr) 62px; gap: 6px; }
}
@media print {
  :root { --paper: #ffffff; --ink: #000000; --dim: #444444; --line: #bbbbbb; --soft: #f4f4f4; --on-badge: #ffffff;
    --pass: #1a7f37; --fail: #b3261e; --inconclusive: #8a6100; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  details::details-content { content-visibility: visible; }
  figure, tr, .reason { break-inside: avoid; } h2 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
)css";
}

}  // namespace squall::report::html
