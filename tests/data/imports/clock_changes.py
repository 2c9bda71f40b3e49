"""Writes clock_changes.txt: times around clock changes as Python's zoneinfo knows them.

    python3 tests/data/imports/clock_changes.py > tests/data/imports/clock_changes.txt

A line is: zone, length of an interval in minutes, whether times are starts or ends, the start of the
first interval in UTC, its time on the zone's clock, and the steps from each time on the clock to the
next, in minutes (15*4 is four steps of 15). Each interval begins where the one before it ends.
"""

from datetime import datetime, timedelta, timezone
from itertools import groupby
from zoneinfo import ZoneInfo

YEAR = 2024
ZONES = [
    "Europe/Vienna",
    "Europe/London",
    "Atlantic/Azores",
    "Asia/Beirut",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
]
AROUND = timedelta(hours=5)


def changes(zone):
    """The first quarters of an hour of the year with another offset than the one before."""
    at = datetime(YEAR, 1, 1, tzinfo=timezone.utc)
    step = timedelta(minutes=15)
    while at.year == YEAR:
        if at.astimezone(zone).utcoffset() != (at - step).astimezone(zone).utcoffset():
            yield at
        at += step


def clock_times(zone, starts, shift):
    return [(start + shift).astimezone(zone).replace(tzinfo=None) for start in starts]


def runs(times):
    steps = [int((b - a).total_seconds() // 60) for a, b in zip(times, times[1:])]
    return " ".join(f"{step}*{len(list(group))}" for step, group in groupby(steps))


for name in ZONES:
    zone = ZoneInfo(name)
    found = list(changes(zone))
    assert len(found) == 2, name
    for change in found:
        for minutes in (15, 30, 60):
            length = timedelta(minutes=minutes)
            count = 2 * AROUND // length
            starts = [change - AROUND + index * length for index in range(count)]
            for stamp, shift in (("start", timedelta(0)), ("end", length)):
                times = clock_times(zone, starts, shift)
                first = f"{starts[0]:%Y-%m-%dT%H:%MZ} {times[0]:%Y-%m-%dT%H:%M}"
                print(name, minutes, stamp, first, runs(times))
