"""Makes pandas_totals.csv: totals by pandas, on the clocks of six zones.

Run with pandas 3.1: python3 pandas_totals.py > pandas_totals.csv

The readings are those of readings() in bucket_rows_pandas_test.ts: one each minute, whole numbers of
0.0001 kWh and 0.001 kW, without every 97th reading, and without an energy in every 13th.
"""

import sys
import pandas as pd

MINUTE = 60_000
# Zone, and for each of its clock changes of 2024 the local day.
CHANGES = {
    "Europe/Berlin": ["2024-03-31", "2024-10-27"],
    "America/New_York": ["2024-03-10", "2024-11-03"],
    "America/St_Johns": ["2024-03-10", "2024-11-03"],
    "Australia/Adelaide": ["2024-04-07", "2024-10-06"],
    "Australia/Lord_Howe": ["2024-04-07", "2024-10-06"],
    "Pacific/Chatham": ["2024-04-07", "2024-09-29"],
}


def frame(start, end, step, zone):
    first, last = start.value // 10**6, end.value // 10**6
    minutes = [m for m in range(first // MINUTE, last // MINUTE, step) if m % 97 != 0]
    index = pd.to_datetime([m * MINUTE for m in minutes], unit="ms", utc=True).tz_convert(zone)
    return pd.DataFrame(
        {
            "energy": pd.array(
                [None if m % 13 == 0 else m * 7919 % 10_007 for m in minutes], dtype="Int64"
            ),
            "power": [m * 104_729 % 99_991 - 20_000 for m in minutes],
            "one": 1,
        },
        index=index,
    )


def totals(data, zone, name, rule, **options):
    groups = data.resample(rule, **options)
    table = pd.DataFrame(
        {
            "count": groups["one"].sum(),
            "sum": groups["energy"].sum(min_count=1),
            "mean": groups["power"].mean(),
            "min": groups["power"].min(),
            "last": groups["power"].last(),
        }
    )
    for start, row in table[table["count"] > 0].iterrows():
        print(
            zone,
            name,
            start.value // 10**6,
            int(row["count"]),
            "" if pd.isna(row["sum"]) else int(row["sum"]),
            repr(float(row["mean"])),
            int(row["min"]),
            int(row["last"]),
            sep=",",
        )


print("zone,interval,start_ms,count,energy_sum,power_mean,power_min,power_last")
for zone, days in CHANGES.items():
    for day in days:
        start = pd.Timestamp(day, tz=zone)
        end = (pd.Timestamp(day) + pd.Timedelta(days=1)).tz_localize(zone)
        data = frame(start, end, 1, zone)
        totals(data, zone, "15m", "15min")
        totals(data, zone, "30m", "30min")
        # pandas counts hours from midnight, also where the clock moves by half an hour.
        if zone != "Australia/Lord_Howe":
            totals(data, zone, "1h", "1h")
        around = frame(start - pd.Timedelta(days=20), end + pd.Timedelta(days=20), 5, zone)
        totals(around, zone, "1d", "D")
        totals(around, zone, "1w", "W-MON", closed="left", label="left")
    year = frame(pd.Timestamp("2023-11-15", tz=zone), pd.Timestamp("2025-02-10", tz=zone), 30, zone)
    totals(year, zone, "1mo", "MS")
    totals(year, zone, "1y", "YS")

print(pd.__version__, file=sys.stderr)
