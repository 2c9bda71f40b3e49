"""Reads exported files with the programs that people use, and prints what they found as JSON.

Usage: read_exported_files.py FOLDER
Reads year.xlsx, year.parquet, year.csv.gz and files.zip in the folder.
"""

import csv
import datetime
import gzip
import json
import sys
import zipfile

import duckdb
import openpyxl
import pyarrow.parquet


def plain(value):
    """Dates as text with their kind, everything else as it is."""
    if isinstance(value, datetime.datetime):
        return f"date {value.isoformat(sep=' ')}"
    return value


def read_workbook(path):
    book = openpyxl.load_workbook(path)
    readings = book.worksheets[0]
    rows = list(readings.iter_rows(values_only=True))
    return {
        "sheets": book.sheetnames,
        "frozen": readings.freeze_panes,
        "formats": [cell.number_format for cell in readings[2]],
        "isBold": readings["A1"].font.bold,
        "rows": [[plain(value) for value in row] for row in rows[:3] + rows[-1:]],
        "count": len(rows),
        "info": [[plain(value) for value in row][:2] for row in book["Info"].iter_rows(values_only=True)],
    }


def read_parquet(path):
    table = pyarrow.parquet.read_table(path)
    file = pyarrow.parquet.ParquetFile(path)
    metadata = file.metadata
    statistics = metadata.row_group(0).column(2).statistics
    query = "select count(*), sum(energy_kwh), min(timestamp)::varchar, count(power_kw) from read_parquet(?)"
    duckdb.sql("set timezone = 'UTC'")
    return {
        "schema": {field.name: str(field.type) for field in table.schema},
        "rows": table.num_rows,
        "sum": round(float(table["energy_kwh"].combine_chunks().sum().as_py()), 6),
        "missing": table["power_kw"].null_count,
        "isSorted": table["timestamp"].to_pylist() == sorted(table["timestamp"].to_pylist()),
        "groups": [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)],
        "bounds": [statistics.min, statistics.max, statistics.null_count],
        "metadata": {
            key.decode(): value.decode()
            for key, value in file.schema_arrow.metadata.items()
        },
        "duckdb": [
            round(value, 6) if isinstance(value, float) else value
            for value in duckdb.execute(query, [path]).fetchone()
        ],
    }


def read_gzip(path):
    with gzip.open(path, "rt", newline="") as lines:
        rows = list(csv.reader(lines))
    return {"count": len(rows), "first": rows[1]}


def read_archive(path):
    with zipfile.ZipFile(path) as archive:
        return {
            "broken": archive.testzip(),
            "files": {info.filename: info.file_size for info in archive.infolist()},
            "dates": sorted({str(info.date_time) for info in archive.infolist()}),
        }


folder = sys.argv[1]
print(json.dumps({
    "xlsx": read_workbook(f"{folder}/year.xlsx"),
    "parquet": read_parquet(f"{folder}/year.parquet"),
    "gzip": read_gzip(f"{folder}/year.csv.gz"),
    "zip": read_archive(f"{folder}/files.zip"),
}))
