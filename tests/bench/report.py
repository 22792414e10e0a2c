"""The results as text for a terminal and as a Markdown table for the README."""

import json
import os

from support.process import BUILD
from plot import Plot

UNITS = {"tps": "transactions/s", "seconds": "s", "client_kb": "KB per client", "cpu_s": "CPU s",
         "cpu_us": "CPU µs per transaction", "of_peak": "share of the peak, in the same round"}
NO = "–"


def number(value):
    if value is None:
        return NO
    if value >= 1000:
        return "{:,.0f}".format(value)
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


def figure(summary, name, metric):
    found = summary["figures"].get(name, {}).get(metric)
    return number(found["median"]) if found else NO


def ratio(found):
    return "%.2f (%.2f–%.2f)" % (found["median"], found["min"], found["max"]) if found else NO


def bound(target):
    least = "%s %g" % ("≤" if target["less_is_better"] else "≥", target["bound"])
    return least + " × " + target["against"] if target["against"] else least


def verdict(target):
    return {True: "met", False: "MISSED", None: "not measured"}[target["met"]]


def run_line(name, result):
    """One measured run, while the benchmark goes on."""
    parts = ["%s %s" % (number(result[key]), unit)
             for key, unit in (("tps", "tps"), ("seconds", "s"), ("client_kb", "KB per client"),
                               ("p50_ms", "ms p50"), ("p99_ms", "ms p99"),
                               ("cpu_us", "µs CPU per transaction"), ("cpu_s", "s CPU"),
                               ("memory_mb", "MB"), ("of_peak", "of the peak"))
             if result.get(key) is not None]
    return "    %-10s %s" % (name, ", ".join(parts))


# What a workload's table shows beside the ratio, by its first metric.
COLUMNS = {"tps": ("tps", "p50_ms", "p99_ms", "cpu_us", "memory_mb"), "seconds": ("seconds", "cpu_s"),
           "client_kb": ("client_kb", "memory_mb")}
HEADS = {"tps": "transactions/s", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "cpu_us": "CPU µs each",
         "memory_mb": "MB", "seconds": "seconds", "cpu_s": "CPU s", "client_kb": "KB per client"}


def text(summary, titles):
    """A workload's table for the terminal."""
    metric = summary["metric"]
    columns = COLUMNS[metric]
    line = "  %-20s" + " %14s" * len(columns) + "   %s"
    lines = ["%s: %s" % (summary["name"], summary["title"]),
             line % ("", *(HEADS[column] for column in columns), "pgring ÷ this (min–max)")]
    for name in summary["figures"]:
        against = summary["ratios"].get(name, {}).get(metric)
        lines.append(line % (titles[name], *(figure(summary, name, column) for column in columns),
                             ratio(against) if against else ""))
    lines += ["  %-20s %14s" % (titles[name], why) for name, why in summary["refused"].items()]
    lines += ["  target %s (%s): %s %s" % (bound(target), UNITS[target["metric"]],
                                           ratio(target["ratio"]), verdict(target))
              for target in summary["targets"]]
    return "\n".join(lines)


def many_points(growth):
    """Whether there is a curve to show at all."""
    return any(len(line["points"]) > 1 for line in growth.values())


def growth_text(growth, titles):
    lines = ["growth: pgbench -S -M prepared, transactions/s by number of clients"]
    for name, line in growth.items():
        lines.append("  %-24s %s; falls by %.0f %% after its peak%s" % (
            titles[name], ", ".join("%d: %s" % (clients, number(tps))
                                    for clients, tps, _, _ in line["points"]),
            100 * line["fall_after_peak"],
            ", to %s of it in the same round" % ratio(line["of_peak"]) if line["of_peak"] else ""))
    return "\n".join(lines)


def markdown_target(target, metric):
    """A target in another metric than the row's own figures comes with its own."""
    if target["metric"] == metric:
        return "%s: %s" % (bound(target), verdict(target))
    return "%s %s: %s, %s" % (UNITS[target["metric"]], bound(target), ratio(target["ratio"]),
                              verdict(target))


def markdown_row(summary, names):
    metric = summary["metric"]
    cells = [summary["title"] + ("" if metric == "tps" else ", " + UNITS[metric])]
    cells += [figure(summary, name, metric) for name in names]
    cells += [ratio(summary["ratios"].get(name, {}).get(metric)) for name in names if name != "ring"]
    cells.append("; ".join(markdown_target(target, metric) for target in summary["targets"]) or NO)
    return cells


def markdown_costs(summary, names):
    cells = [summary["title"]]
    for name in names:
        cells += [" / ".join((figure(summary, name, "p50_ms"), figure(summary, name, "p99_ms")))]
        if name != "direct":
            cells += [figure(summary, name, "cpu_us"), figure(summary, name, "memory_mb")]
    return cells


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def markdown(result):
    """Two tables: what was reached, and what it cost."""
    names, titles, summaries = result["candidates"], result["titles"], result["workloads"]
    others = [name for name in names if name != "ring"]
    lines = ["Medians of %d alternating rounds of %g s on %d cores; transactions/s where nothing else "
             "is said. Ratios are pgring's figure divided by the other's in the same round, with the "
             "smallest and the largest." % (result["rounds"], result["seconds"],
                                            result["machine"]["cores"]), ""]
    lines += ["> " + warning for warning in result["warnings"]] + [""] * bool(result["warnings"])
    lines += table(["work", *(titles[name] for name in names),
                    *("÷ " + titles[name] for name in others), "target"],
                   [markdown_row(summary, names) for summary in summaries])
    costs = ["work"]
    for name in names:
        costs += [titles[name] + ": p50 / p99 ms"]
        costs += ["CPU µs per transaction", "MB"] if name != "direct" else []
    lines += [""] + table(costs, [markdown_costs(summary, names) for summary in summaries
                                  if summary["metric"] == "tps"])
    if result["micro"]:
        lines += [""] + table(["part", "result", "unit"],
                              [["%s: %s" % (entry["part"], entry["name"]), number(entry["value"]),
                                entry["unit"]] for entry in result["micro"]])
    return "\n".join(lines) + "\n"


def plot(result):
    return Plot(result["growth"], result["titles"], "pgbench -S -M prepared: transactions/s",
                "%d cores for load generator, pooler and PostgreSQL together; medians of %d "
                "alternating rounds" % (result["machine"]["cores"], result["rounds"])).svg()


def write(result):
    """Writes all forms of the result; called whenever there is more of it."""
    contents = {"bench.json": json.dumps(result, indent=1), "bench.md": markdown(result)}
    if many_points(result["growth"]):
        contents["bench.svg"] = plot(result)
    for name, content in contents.items():
        with open(os.path.join(BUILD, name), "w", encoding="utf-8") as file:
            file.write(content)
    return ["%s/%s" % (BUILD, name) for name in contents]
