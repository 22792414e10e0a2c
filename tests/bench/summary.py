"""From rounds to figures: medians, ratios within a round with their spread, targets, growth."""

from statistics import median

from workloads import GROWTH, LESS_IS_BETTER, PEAK

METRICS = ("tps", "mean_ms", "p50_ms", "p99_ms", "cpu_us", "memory_mb", "seconds", "cpu_s",
           "client_kb", "of_peak")


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)} if values else None


def of(rounds, candidate, metric):
    """Spread of a metric over the rounds in which the candidate has it."""
    return spread([row[candidate][metric] for row in rounds
                   if row.get(candidate, {}).get(metric) is not None])


def ratio(rounds, other, metric):
    """pgring's figure divided by the other's, round by round."""
    pairs = [(row["ring"].get(metric), row[other].get(metric)) for row in rounds
             if "ring" in row and other in row]
    return spread([ours / theirs for ours, theirs in pairs if ours is not None and theirs])


def judge(target, rounds):
    found = (ratio(rounds, target.against, target.metric) if target.against else
             of(rounds, "ring", target.metric))
    less = target.metric in LESS_IS_BETTER
    met = None
    if found:
        met = found["median"] <= target.bound if less else found["median"] >= target.bound
    return {"metric": target.metric, "against": target.against, "bound": target.bound,
            "less_is_better": less, "ratio": found, "met": met}


def summarize(workload, rounds, refused):
    names = list(dict.fromkeys(name for row in rounds for name in row))
    return {
        "name": workload.name, "title": workload.title, "metric": workload.metric,
        "clients": workload.clients, "refused": refused,
        "figures": {name: {metric: of(rounds, name, metric) for metric in METRICS
                           if of(rounds, name, metric)} for name in names},
        "ratios": {name: {metric: ratio(rounds, name, metric) for metric in METRICS
                          if ratio(rounds, name, metric)} for name in names if name != "ring"},
        "targets": [judge(target, rounds) for target in workload.targets], "rounds": rounds}


def growth(summaries):
    """Points (clients; transactions/s: median, least, most) for each candidate, and how far its
    throughput falls after the peak; from those that were measured in one round where there are such."""
    points, of_peak = {}, {}
    for summary in summaries:
        if summary["name"] in ["select-prepared-%d" % clients for clients in GROWTH]:
            for name, figures in summary["figures"].items():
                if "tps" in figures:
                    tps = figures["tps"]
                    of_peak[name] = figures.get("of_peak")
                    points.setdefault(name, []).append([summary["clients"], tps["median"],
                                                        tps["min"], tps["max"]])
    result = {}
    for name, line in points.items():
        line.sort()
        peak = max(range(len(line)), key=lambda at: line[at][1])
        kept = of_peak[name] if line[peak][0] == PEAK else None
        fall = 1 - (kept["median"] if kept else
                    min(point[1] for point in line[peak:]) / line[peak][1])
        result[name] = {"points": line, "fall_after_peak": fall, "of_peak": kept}
    return result
