"""Reads an exported folder with the readers that people use, as a whole, and prints what each found.

Usage: read_parquet_folder.py FOLDER LAYOUT (hive, hive-by-profile, plain or plain-by-profile)
Prints a JSON object: reader -> part of the folder -> rows, devices, dates, sum, count.
"""

import importlib.util
import json
import shutil
import sys

import datafusion
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

METRICS = {"battery": ("soc_percent", "current_a"), "appliance": ("voltage", "power")}


def found(frame, profile):
    """What a pandas data frame has of a profile. The date is that of the path, if it has one."""
    first, third = METRICS[profile]
    frame = frame[frame[first].notna()]
    dates = frame["date"] if "date" in frame else frame["timestamp"].dt.strftime("%Y-%m-%d")
    return {
        "rows": len(frame),
        "devices": counts(frame["device_id"]),
        "dates": counts(dates),
        "sum": float(frame[first].sum()),
        "count": int(frame[third].count()),
    }


def counts(values):
    return {str(value)[:10]: int(count) for value, count in values.astype(str).value_counts().items()}


def has_spark():
    """Spark also needs a JVM."""
    return importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None


def spark_table(path):
    import pyspark.sql

    session = (
        pyspark.sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    return session.read.parquet(path).toPandas()


def hive_tables(partitions):
    """Each folder of a profile is a table that every reader opens without options."""

    def datafusion_table(path):
        context = datafusion.SessionContext()
        columns = [(name, pyarrow.string()) for name in partitions]
        context.register_parquet("readings", path + "/", table_partition_cols=columns)
        return context.sql("SELECT * FROM readings").to_pandas()

    return {
        **({"Spark": spark_table} if has_spark() else {}),
        "pandas": pandas.read_parquet,
        "pyarrow table": lambda path: pyarrow.parquet.read_table(path).to_pandas(),
        "pyarrow dataset": lambda path: pyarrow.dataset.dataset(path, partitioning="hive")
        .to_table().to_pandas(),
        "polars": lambda path: polars.read_parquet(path).to_pandas(),
        "DuckDB": lambda path: duckdb.sql(f"FROM read_parquet('{path}/**/*.parquet')").df(),
        "DataFusion": datafusion_table,
    }


def hive_roots(folder, partitions):
    """The whole folder as one table with the columns of all profiles."""
    files = f"{folder}/**/*.parquet"

    def pyarrow_union():
        parts = [
            pyarrow.dataset.dataset(f"{folder}/profile={profile}", partitioning="hive")
            for profile in METRICS
        ]
        return pyarrow.dataset.dataset(parts).to_table().to_pandas()

    def polars_union():
        first, second = (
            polars.scan_parquet(f"{folder}/profile={profile}/**/*.parquet", hive_partitioning=True)
            for profile in METRICS
        )
        return polars.concat([first, second], how="diagonal").collect().to_pandas()

    def datafusion_union():
        context = datafusion.SessionContext()
        columns = [(name, pyarrow.string()) for name in ("profile", *partitions)]
        context.register_parquet("readings", folder + "/", table_partition_cols=columns)
        return context.sql("SELECT * FROM readings").to_pandas()

    return {
        "pyarrow dataset": pyarrow_union,
        "polars": polars_union,
        "DuckDB": lambda: duckdb.sql(f"FROM read_parquet('{files}', union_by_name = true)").df(),
        "DataFusion": datafusion_union,
    }


def plain_roots(folder):
    """The plain layout, with the option that each reader needs."""
    files = f"{folder}/device_id=*/**/*.parquet"
    # Of one profile: the others would lose their columns.
    battery = f"{folder}/device_id=B*/**/*.parquet"
    return {
        "pandas": lambda: pandas.concat(
            pandas.read_parquet(f"{folder}/device_id={device}", partitioning=None)
            for device in ("B1", "B-2", "D1", "d_2", "D3")
        ),
        "pyarrow table": lambda: pyarrow.parquet.read_table(
            f"{folder}/device_id=B1", partitioning=None
        ).to_pandas(),
        "polars": lambda: polars.read_parquet(battery, hive_partitioning=False).to_pandas(),
        "DuckDB": lambda: duckdb.sql(
            f"FROM read_parquet('{files}', union_by_name = true, hive_partitioning = false)"
        ).df(),
    }


def plain_by_profile_roots(folder):
    """The plain layout whose past days are one file a profile."""
    parts = [f"{folder}/device_id=B*/**/*.parquet", f"{folder}/profile=battery/**/*.parquet"]
    return {
        "pandas": lambda: pandas.concat(
            pandas.read_parquet(f"{folder}/{part}", partitioning=None)
            for part in ("device_id=B1", "device_id=B-2", "profile=battery")
        ),
        "polars": lambda: polars.read_parquet(parts, hive_partitioning=False).to_pandas(),
        "DuckDB": lambda: duckdb.sql(
            f"FROM read_parquet('{folder}/**/*.parquet', union_by_name = true, "
            "hive_partitioning = false)"
        ).df(),
    }


def main(folder, layout):
    results = {}
    partitions = ("date",) if layout == "hive-by-profile" else ("date", "device_id")
    if layout.startswith("hive"):
        for reader, read in hive_tables(partitions).items():
            results[f"{reader}, a profile"] = {
                profile: found(read(f"{folder}/profile={profile}"), profile) for profile in METRICS
            }
        roots = hive_roots(folder, partitions)
    elif layout == "plain-by-profile":
        roots = plain_by_profile_roots(folder)
    else:
        roots = plain_roots(folder)
    for reader, read in roots.items():
        frame = read()
        results[f"{reader}, the whole folder"] = {
            profile: found(frame, profile)
            for profile, (first, _) in METRICS.items()
            if first in frame
        }
    print(json.dumps(results))


main(*sys.argv[1:])
