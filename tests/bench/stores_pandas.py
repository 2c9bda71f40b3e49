"""The report on stores in pandas: from CSV files to a CSV file.

python3 stores_pandas.py FOLDER OUT prints {"readSeconds": …, "reportSeconds": …} as JSON.
"""

import json
import sys
import time

import numpy as np
import pandas as pd

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOWS = {"hour": HOUR_MS, "day": DAY_MS, "week": 7 * DAY_MS}
DEFAULT_ZONE = "America/Chicago"


def to_ms(times):
    return times.astype("int64") // 1_000_000


def clock_ms(texts):
    return pd.to_timedelta(texts).dt.total_seconds().astype("int64") * 1000


def read(folder):
    polls = pd.read_csv(f"{folder}/store_status.csv")
    times = pd.to_datetime(polls["timestamp_utc"], format="%Y-%m-%d %H:%M:%S.%f UTC")
    polls["ms"] = to_ms(times)
    polls["up"] = polls["status"] == "active"
    polls = polls[["store_id", "ms", "up"]].sort_values(["store_id", "ms"], kind="stable")
    polls = polls.drop_duplicates(["store_id", "ms"], keep="last")
    hours = pd.read_csv(f"{folder}/menu_hours.csv")
    hours["start"] = clock_ms(hours["start_time_local"])
    hours["end"] = clock_ms(hours["end_time_local"])
    whole = (hours["start"] == 0) & (hours["end"] == 0)
    hours.loc[whole | (hours["end"] == DAY_MS - 1000), "end"] = DAY_MS
    hours.loc[hours["end"] < hours["start"], "end"] += DAY_MS
    zones = pd.read_csv(f"{folder}/timezones.csv")
    return polls, hours[["store_id", "day_of_week", "start", "end"]], zones


def open_spans(hours, zones, as_of):
    """The disjoint spans of the last week in which each store with hours was open."""
    hours = hours.merge(zones, on="store_id", how="left").fillna({"timezone_str": DEFAULT_ZONE})
    first = as_of - WINDOWS["week"]
    parts = []
    for zone, rows in hours.groupby("timezone_str"):
        today = pd.Timestamp(as_of, unit="ms", tz=zone).tz_localize(None).normalize()
        days = pd.DataFrame({"date": pd.date_range(today - pd.Timedelta(days=9), today)})
        days["day_of_week"] = days["date"].dt.dayofweek
        rows = rows.merge(days, on="day_of_week")
        for edge in ("start", "end"):
            local = rows["date"] + pd.to_timedelta(rows[edge], unit="ms")
            utc = local.dt.tz_localize(
                zone, ambiguous=np.ones(len(local), bool), nonexistent="shift_forward"
            ).dt.tz_convert("UTC")
            rows[edge] = to_ms(utc.dt.tz_localize(None)).clip(first, as_of)
        parts.append(rows[rows["start"] < rows["end"]][["store_id", "start", "end"]])
    spans = pd.concat(parts).sort_values(["store_id", "start"])
    reach = spans.groupby("store_id")["end"].cummax().groupby(spans["store_id"]).shift()
    spans["group"] = (reach.isna() | (spans["start"] > reach)).cumsum()
    return spans.groupby(["store_id", "group"]).agg(
        start=("start", "min"), end=("end", "max")
    ).reset_index()


def store_row(ms, up, starts, ends, as_of):
    """Up and down milliseconds of one store in each window."""
    first = as_of - WINDOWS["week"]
    begin = max(np.searchsorted(ms, first, "right") - 1, 0)
    ms, up = ms[begin:], up[begin:]
    edges = np.concatenate(([min(first, ms[0])], ms[1:], [as_of]))
    total_up = np.concatenate(([0], np.cumsum(np.diff(edges) * up)))
    row = {}
    for name, length in WINDOWS.items():
        from_ms = np.maximum(starts, as_of - length)
        to_ms_ = np.maximum(ends, as_of - length)
        opened = int((to_ms_ - from_ms).sum())
        was_up = int(round((np.interp(to_ms_, edges, total_up)
                            - np.interp(from_ms, edges, total_up)).sum()))
        row[f"uptime_last_{name}"] = was_up
        row[f"downtime_last_{name}"] = opened - was_up
    return row


def two_decimals(ms, unit):
    hundredths = (ms * 200 + unit) // (2 * unit)
    return (hundredths // 100).astype(str) + "." + (hundredths % 100).astype(str).str.zfill(2)


def report(polls, hours, zones, out):
    as_of = int(polls["ms"].max())
    spans = open_spans(hours, zones, as_of)
    by_store = {store: rows for store, rows in spans.groupby("store_id")}
    with_hours = set(hours["store_id"])
    always = pd.DataFrame({"start": [as_of - WINDOWS["week"]], "end": [as_of]})
    never = always.iloc[:0]
    rows = {}
    for store, group in polls.groupby("store_id"):
        opened = by_store.get(store, never if store in with_hours else always)
        rows[store] = store_row(
            group["ms"].to_numpy(), group["up"].to_numpy(),
            opened["start"].to_numpy(), opened["end"].to_numpy(), as_of,
        )
    frame = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    columns = [f"{kind}_last_{name}" for kind in ("uptime", "downtime") for name in WINDOWS]
    for column in columns:
        unit = 60_000 if column.endswith("hour") else HOUR_MS
        frame[column] = two_decimals(frame[column], unit)
    frame[columns].to_csv(out, index_label="store_id", lineterminator="\n")


def main(folder, out):
    started = time.perf_counter()
    polls, hours, zones = read(folder)
    was_read = time.perf_counter()
    report(polls, hours, zones, out)
    ended = time.perf_counter()
    print(json.dumps({"readSeconds": was_read - started, "reportSeconds": ended - was_read}))


main(*sys.argv[1:])
