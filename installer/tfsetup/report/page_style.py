"""The look of the HTML report: light and dark by the reader's setting, black on white on paper, no network."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a1d23; --soft: #5d6673; --line: #dfe3e8; --grid: #e6e9ed;
  --ok: #15803d; --slow: #b45309; --bad: #b91c1c; --note: #1d4ed8; --bar: #3b82f6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --card: #1d2026; --ink: #e8eaed; --soft: #9aa4b2; --line: #323842; --grid: #2b313a;
    --ok: #4ade80; --slow: #fbbf24; --bad: #f87171; --note: #93c5fd; --bar: #60a5fa;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 36px 0 12px; }
.mark { font-weight: 650; } .ok { color: var(--ok); } .note { color: var(--note); }
.slow, .warning { color: var(--slow); }
.wrong, .fallback, .failed, .error { color: var(--bad); } .skipped, .soft { color: var(--soft); }
.card, .plot, table, details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
header.card { padding: 22px 24px; border-left: 6px solid var(--ok); } header.card.no { border-left-color: var(--bad); }
header p { margin: 2px 0 0; color: var(--soft); overflow-wrap: anywhere; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin-top: 16px; }
.numbers .card { padding: 14px 16px; }
.numbers b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.plot { padding: 8px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; overflow: hidden;
  font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child > * { border-bottom: 0; } th { color: var(--soft); font-weight: 600; font-size: 13px; }
td.number, th.number { text-align: right; white-space: nowrap; } td.where { overflow-wrap: anywhere; }
.track { display: block; width: 130px; height: 9px; margin-top: 7px; border-radius: 5px; background: var(--grid); }
.fill { display: block; height: 100%; border-radius: 5px; background: var(--bar); }
code { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
.finding { padding: 12px 16px; margin-bottom: 10px; } .finding p { margin: 4px 0 0; white-space: pre-line; }
details { padding: 10px 16px; } details table { margin-top: 10px; border: 0; }
summary { cursor: pointer; font-weight: 600; }
figure { margin: 0; } figure > svg { display: block; width: 100%; height: auto; }
figure text { fill: var(--ink); font-size: 13px; } .grid { stroke: var(--grid); } .line { fill: none; }
figure ul { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 6px 12px; padding: 0; list-style: none;
  font-size: 13px; }
figure ul svg { vertical-align: middle; margin-right: 7px; }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; }
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd; --ok: #15803d;
    --slow: #92400e; --bad: #b91c1c; --note: #1d4ed8; --bar: #3b82f6; }
  main { max-width: none; padding: 0; } .card, .plot, tr, .finding { break-inside: avoid; }
}
"""
