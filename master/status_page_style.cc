// How the status page looks, in light and dark.
#include "master/status_page_parts.h"

namespace pgring {

const std::string_view kStatusPageStyle = R"css(
:root {
  --bg: #f6f7f9; --panel: #ffffff; --line: #e2e5ea; --text: #1b2230; --muted: #667085;
  --a: #2563eb; --b: #d97706; --c: #dc2626; --d: #0d9488; --good: #15803d; --bad: #b91c1c;
  --warn: #b45309; --wash: #eef2f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #10141b; --panel: #181e28; --line: #2a3240; --text: #e6eaf0; --muted: #93a0b4;
    --a: #6ea8fe; --b: #f5b342; --c: #ff7b72; --d: #4fd1c5; --good: #4ade80; --bad: #ff8a80;
    --warn: #fbbf24; --wash: #202836;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { display: flex; align-items: center; gap: 12px; padding-top: 18px; padding-bottom: 14px;
  flex-wrap: wrap; }
h1 { font-size: 20px; margin: 0; letter-spacing: -.01em; }
h1 small { font-weight: 400; font-size: 13px; color: var(--muted); }
h2 { font-size: 12px; font-weight: 600; margin: 0; color: var(--muted); letter-spacing: .02em; }
section > h2 { margin: 22px 0 8px; }
p { margin: 0; }
a { color: var(--a); margin-right: 10px; }
.mark { width: 26px; height: 26px; fill: none; stroke: var(--a); stroke-width: 4; }
.mark .dot { fill: var(--b); stroke: var(--bg); stroke-width: 2; }
.muted { color: var(--muted); }
header .muted { margin-left: auto; font-variant-numeric: tabular-nums; }
.badge { padding: 2px 10px; border-radius: 999px; font-size: 12px; font-weight: 600;
  color: var(--muted); background: var(--wash); }
.badge.good { color: var(--good); background: color-mix(in srgb, var(--good) 14%, transparent); }
.badge.bad { color: var(--bad); background: color-mix(in srgb, var(--bad) 14%, transparent); }
.note { border: 1px solid var(--line); border-left: 4px solid var(--warn); border-radius: 8px;
  background: var(--panel); padding: 10px 14px; margin-bottom: 14px; white-space: pre-line; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; }
.card, figure, .scroll { background: var(--panel); border: 1px solid var(--line);
  border-radius: 10px; }
.card { padding: 12px 16px; }
.card b { display: block; font-size: 26px; line-height: 1.25; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.card span { color: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 12px;
  margin-top: 12px; }
figure { margin: 0; padding: 12px 16px 8px; min-width: 0; }
figcaption { font-size: 12px; font-weight: 600; color: var(--muted); display: flex; gap: 12px;
  flex-wrap: wrap; margin-bottom: 4px; }
figcaption .key { font-weight: 400; }
figcaption .key::before { content: ""; display: inline-block; width: 10px; height: 3px;
  border-radius: 2px; margin-right: 5px; vertical-align: middle; background: var(--hue); }
figcaption .key:first-of-type { margin-left: auto; }
svg.chart { display: block; width: 100%; height: 150px; }
.chart text { fill: var(--muted); font-size: 10px; font-variant-numeric: tabular-nums; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart polyline { fill: none; stroke-width: 1.7; stroke-linejoin: round; }
.chart polygon { stroke: none; opacity: .10; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap; }
th { font-size: 11px; font-weight: 600; color: var(--muted); border-bottom: 1px solid var(--line); }
td { border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th.text, td.text { text-align: left; max-width: 260px; overflow: hidden; text-overflow: ellipsis; }
td.warn { color: var(--warn); font-weight: 600; }
td.bad { color: var(--bad); font-weight: 600; }
td.bar { min-width: 110px; }
td.bar i { display: inline-block; vertical-align: middle; width: 70px; height: 7px;
  margin-right: 8px; border-radius: 4px;
  background: linear-gradient(to right, var(--a) var(--used), var(--wash) var(--used)); }
footer { padding-top: 18px; padding-bottom: 28px; font-size: 12px; }
@media (max-width: 520px) { .charts { grid-template-columns: 1fr; }
  header .muted { margin-left: 0; width: 100%; } }
)css";

}  // namespace pgring
