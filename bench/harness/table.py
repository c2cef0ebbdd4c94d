"""Medians over the rounds, their ratios, and the Markdown table."""

from statistics import median

FIGURES = ("per_s", "p50_ms", "p99_ms", "client_cpu_ms_per_1k", "store_cpu_ms_per_1k", "rss_mb")
COLUMNS = (
    "measurement | peer | version | store | configuration | jobs | per s | p50 ms | p99 ms"
    " | client CPU µs/job | store CPU µs/job | RSS MB | × windlass | × limit"
)
# Where the plain SQL and windlass to compare a Redis peer with are.
OURS_BESIDE_REDIS = "postgres"


def medians(measurements, samples):
    rows = []
    for index, measurement in enumerate(measurements):
        mine = [sample for sample in samples if sample["index"] == index]
        good = [sample for sample in mine if "failed" not in sample]
        rows.append(_identity(measurement) | _summary(good, mine))
    for row in rows:
        row["of_windlass"] = _ratio(row, _reference(rows, row, "windlass"))
        row["of_limit"] = _ratio(row, _reference(rows, row, "limit"))
    return rows


def _identity(measurement):
    return {
        "measurement": measurement.title,
        "peer": measurement.peer.name,
        "kind": measurement.peer.kind,
        "store": measurement.peer.store,
        "mode": measurement.mode,
        "config": measurement.config,
    }


def _summary(good, all_samples):
    if not good:
        return {"failed": all_samples[-1]["failed"]}
    summary = {figure: _median(good, figure) for figure in FIGURES}
    summary |= {"version": good[0].get("version"), "jobs": good[0].get("jobs")}
    summary["rounds_failed"] = len(all_samples) - len(good)
    return summary


def _median(samples, figure):
    values = [sample[figure] for sample in samples if sample.get(figure) is not None]
    return median(values) if values else None


def _reference(rows, row, kind):
    store = OURS_BESIDE_REDIS if row["store"] == "redis" else row["store"]
    same = (row["measurement"], kind, store)
    matches = (each for each in rows if (each["measurement"], each["kind"], each["store"]) == same)
    return next(matches, {})


def _ratio(row, reference):
    """Above 1 is faster than the reference, for rates and latencies alike."""
    if row["mode"] == "latency":
        above, below = reference.get("p50_ms"), row.get("p50_ms")
    else:
        above, below = row.get("per_s"), reference.get("per_s")
    return round(above / below, 3) if above and below else None


def markdown(report):
    lines = [f"{name}: {value}" for name, value in report["machine"].items()]
    lines += [f"{name}: {settings}" for name, settings in report["stores"].items()]
    load = report["load_average"]
    lines.append(f"load average: {load['before']} before, {load['after']} after")
    lines.append(f"medians of {report['rounds']} interleaved rounds")
    header = f"| {COLUMNS} |"
    ruler = "|" + "---|" * header.count(" | ") + "---|"
    rows = [_line(row) for row in _ranked(report["medians"])]
    rows += [f"| not measured | {peer} | {why} |" for peer, why in report["not_measured"].items()]
    facts = "\n".join(f"- {line}" for line in lines)
    return "\n".join([facts, "", header, ruler, *rows])


def _ranked(rows):
    """Measurements in the order they ran, the fastest first within each."""
    order = list(dict.fromkeys(row["measurement"] for row in rows))
    return sorted(rows, key=lambda row: (order.index(row["measurement"]), _slowness(row)))


def _slowness(row):
    if "failed" in row:
        return float("inf")
    return row["p50_ms"] if row["mode"] == "latency" else -row["per_s"]


def _line(row):
    start = f"| {row['measurement']} | {row['peer']} |"
    if "failed" in row:
        return f"{start} – | {row['store']} | {row['config']} | failed: {row['failed']} |"
    is_latency = row["mode"] == "latency"
    cells = [
        row["version"] or "–",
        row["store"],
        row["config"],
        _number(row["jobs"], 0),
        "–" if is_latency else f"**{_number(row['per_s'], 0)}**",
        _number(row["p50_ms"], 2),
        _number(row["p99_ms"], 1),
        # Milliseconds for a thousand jobs are microseconds for one.
        _number(row["client_cpu_ms_per_1k"], 0),
        _number(row["store_cpu_ms_per_1k"], 0),
        _number(row["rss_mb"], 0),
        _number(row["of_windlass"], 2),
        _number(row["of_limit"], 2),
    ]
    return f"{start} {' | '.join(cells)} |"


def _number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"
