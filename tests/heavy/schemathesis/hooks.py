"""What the document states in words and JSON Schema cannot express, for Schemathesis.

Rules between fields (an end after its start) or about the world (a date in the past, a known time
zone) are not part of a schema. `schemathesis.toml` therefore lets the operations that have such
rules answer 400. The check below allows this 400 only for the rules in its table.
"""

import gzip
import re

import schemathesis

# A chain of requests takes an id from any answer, such as `{id}` from the paths of this document.
METER_ID = r"The meter's id must be .+"
BEFORE_1970 = r"(from|to) must not be before 1970.+"

TARGET_RULES = [
    # Addresses, names of files and places have rules that a pattern cannot say.
    r"(E-mail|A link to the file|A webhook|Delivery to .+) needs the setting [\w=]+, which is not set.*",
    r"notify(\.\w+)* must .+",
    r"(deliver|email|webhook|name|to)(\.\w+)* must .+",
]

# Fields of exports that exclude or need each other, and names that the source must have.
EXPORT_RULES = [
    r"(smart_meter_id|start_datetime|end_datetime) is required, or .+",
    r"\w+ must not be there with .+: name the (sources|range) once",
    r"(start|end)_datetime must be .+",
    r"timezone must be an IANA time zone or an offset such as .+",
    r"csv\.decimal must differ from csv\.delimiter",
    r"csv\.date_format must be a form of times: .+",
    r"csv must be left out with format \w+",
    r"(smart_meter|device)_ids? must name (meters|devices) .+",
    r"(smart_meter|device)_ids must be ids that all differ",
    r"aggregates must (be for metrics of the source|have an interval such as) .+",
    r"aggregates must be for metrics of the source: .+",
    r"aggregates(\.\w+)? must be .+",
    r"columns(\.\d+)? must (be|have) .+",
    r"(interval|gaps|layout) must be .+ with format xml.*",
    r"utc must be false with format .+",
    r"compression must be .+ with (format|layout) .+",
    r"metrics? must be one metric with layout wide.+",
    r"(columns|layout) must be one metric with layout wide.+",
    *TARGET_RULES,
]

# One of three lists, and a range that is whole.
DELETION_RULES = [
    r"Send one of meters, devices and stores",
    r"objects is only for devices",
    r"Send from and to, or neither",
    r"to must be after from",
    r"(from|to) must be an ISO 8601 .+",
    BEFORE_1970,
    r"(meters|devices|stores) must name at most .+",
]

# Lists and objects are text in a query.
PREVIEW_RULES = [
    *EXPORT_RULES,
    r"(smart_meter|device)_ids(\.\d+)? must be .+",
    r"(smart_meter|device)_id must be .+",
    r"csv(\.\w+)? must be .+",
    r"(aggregates|csv) must be valid JSON",
]

# Options of uploads that a format does not take, and names that the file must have.
UPLOAD_RULES = [
    r"(preset|delimiter|decimal|thousands|encoding|missing) is for text/csv only",
    r"preset must be left out for a meter whose profile is not meter",
    r"thousands must be \. or , or space or apostrophe",
    r"preset must be a name that GET /api/presets or GET /api/import-presets lists",
    r"\w+ is not for (nem12|espi): the format says it",
    r"thousands and decimal must be different characters",
    r"(timestamp_format=auto|stamp=end|Numbered intervals) .+",
    r"timestamp must .+",
    r"timestamp_format: .+",
    r"timezone must be an IANA time zone.*",
    r"values=cumulative needs a metric that is summed",
    r"map .+",
    # What a file itself has wrong: its header, its XML, its records.
    r"The .+",
    r"(rollover|values|layout|derive|interval|stamp|register|meter|format|missing) .+",
]

# Times and networks have more rules than their patterns, and some parts of a key exclude others.
KEY_RULES = [
    r"expires_at must be (null or an ISO 8601 time.*|in the future)",
    r"A network must be an address or a network, .+",
    r"(meters|devices|stores) must be null with the scope admin, .+",
    r"name must be .+ without control characters",
]

# What goes with what, names that must exist, and a time in the past.
ALERT_RULES = [
    r"scope\.\w+ must be .+",
    r"condition\.(type|metric|clear_at) must be .+",
    r"E-mail needs the setting SMTP_URL, .+",
    r"notify(\.\w+)* must .+",
    r"(name|note) must be .+",
]
MAINTENANCE_RULES = [
    r"Send either once or repeat",
    r"scope\.\w+ must be null with on .+",
    r"(once|repeat)\.\w+ must be .+",
    r"name must be .+",
]

# The rules of a report.
REPORT_RULES = [
    r"as_of (must be|is for reports without) .+",
    r"A store's id must be .+",
    r"Send period, or from and to",
    r"(from needs to|to needs from), the .+ of the range",
    r"\w+ needs a range: from and to, or period",
    r"(from|to|stores) must be .+",
    r"The range must be .+",
    r"bucket hour is for ranges .+",
    *TARGET_RULES,
    r"timezone must be .+",
]

# A range that is whole, days that exist, and hours whose texts are times.
UPTIME_RULES = [
    r"Send days, or from and to",
    r"(from needs to|to needs from), the .+ of the range",
    r"from and to must be in the years 1970 to 9999",
    r"to must be after from",
    r"The range must be at most .+",
    r"(from|to) must be an ISO 8601 .+",
    r"(days|max_hold_hours) must be .+",
    r"date must be a day such as .+",
    r"store_id must be .+",
]
HOURS_RULES = [
    r"timezone_str must be .+",
    r"(start|end)_time_local must be .+",
    r"store_id must be .+",
]

# Schedules name their times once, with fields whose form is text; the request follows its own rules.
SCHEDULE_RULES = [
    r"cron is required, or every",
    r"cron must .+",
    r"every must .+",
    r"start must .+",
    r"timezone must .+",
    r"(delay|completeness_deadline|require_completeness) must .+",
    r"name must .+",
    r"request\.\w+ must not be there with \w+: name it once",
    *TARGET_RULES,
    *(rf"request(\.|: ){rule}" for rule in [*EXPORT_RULES, *REPORT_RULES]),
    r"(request: )?The (request|schedule) must be at most .+",
]

# URLs have rules that a pattern cannot say, such as that the address is public.
WEBHOOK_RULES = [
    r"url .+",
    r"name must be .+ without control characters",
]

# By operation id: the sentences about rules that a request may break although it fits the schema.
RULES: dict[str, list[str]] = {
    "createExport": [
        # A body with the fields of the first contract alone needs all of them.
        r"(smart_meter_id|start_datetime|end_datetime|format) is required",
        r"(start|end)_datetime must be in the past.*",
        r"end_datetime must be after start_datetime",
        r"(start|end)_datetime must be in the years .+",
        r"(Minimum|Maximum) date range is .+",
        # RFC 3339 allows 0001-01-01T00:00+23:59, which is before the year 0.
        r"Invalid datetime format. Use ISO 8601.",
        *EXPORT_RULES,
    ],
    "createExportOf": [*EXPORT_RULES, r"The request must be at most .+"],
    "listAudit": [r"(limit|cursor) must be left out with format .+"],
    "listExports": [r"to must be after from"],
    "listReports": [r"to must be after from"],
    "previewExportOf": EXPORT_RULES,
    "previewExport": PREVIEW_RULES,
    "createAlert": ALERT_RULES,
    "changeAlert": ALERT_RULES,
    "testAlert": [
        *ALERT_RULES,
        r"(from|to) must be (an ISO 8601 .+|after from|at most .+)",
        r"to must not be in the future",
        r"(from|to) must not be before 1970",
    ],
    "createMaintenanceWindow": MAINTENANCE_RULES,
    "changeMaintenanceWindow": MAINTENANCE_RULES,
    "createKey": KEY_RULES,
    "changeKey": KEY_RULES,
    "createWebhook": WEBHOOK_RULES,
    "changeWebhook": WEBHOOK_RULES,
    "replayWebhook": [r"to must be after from", r"(from|to) must be an ISO 8601 time.*"],
    "listDevices": [r"profile must be .+"],
    "putDevice": [r"profile must be .+"],
    "putMeter": [r"profile must be .+", r"timezone must be .+"],
    "putProfile": [
        r"name must not (be|repeat).+",
        r"max must not be less than min",
        r"(title|label|unit) must be .+ without control characters",
    ],
    "inspectReadings": [
        r"The gzip file is empty, cut off, or packed in a way that is not read",
        r"(rows|import|into|reading_lines) must be .+",
    ],
    "getStoreUptime": UPTIME_RULES,
    "getStoreDay": UPTIME_RULES,
    "changeStore": HOURS_RULES,
    "previewStoreUptime": HOURS_RULES,
    "createDeletion": DELETION_RULES,
    "previewDeletion": DELETION_RULES,
    "deleteMeterReadings": [METER_ID, r"to must be after from", BEFORE_1970],
    "deleteDeviceReadings": [r"to must be after from", BEFORE_1970],
    "deleteStorePolls": [r"to must be after from", BEFORE_1970],
    # `hours` and the like are paths of uploads, not stores.
    "getStore": [r"store_id must be .+, not status or hours or timezones"],
    "replayContinuousExport": [r"to must be after from", BEFORE_1970],
    "triggerReport": REPORT_RULES,
    "createSchedule": SCHEDULE_RULES,
    "replaceSchedule": SCHEDULE_RULES,
    "getDeviceMetrics": [r"(start|end)_time must .+", r"timezone must be an IANA time zone.*"],
    "getMeterReadings": [METER_ID, r"(start|end)_time must .+", r"timezone must be an IANA time zone.*"],
    **{
        f"get{kind}{part}": [
            *([METER_ID] if kind == "Meter" else []),
            r"(start|end)_time must .+",
            r"timezone must be an IANA time zone.*",
            r"metrics? must be .+",
            r"(points|limit|year) must be a whole number .+",
            r"interval must be longer, or the range shorter: .+",
        ]
        for kind in ("Meter", "Device")
        for part in ("Series", "HeatMap", "Gaps", "Statistics")
    },
    "getDeviceSummary": [r"timezone must be an IANA time zone.*"],
    # The options of an import have rules that go from one to another, and names that must exist.
    "putImportPreset": [
        *UPLOAD_RULES,
        r"(preset|decimal|delimiter|encoding|ambiguous|nonexistent|values|derive|timezone) must .+",
        r"(preset|decimal|format|meter|timestamp_format|timezone|encoding|delimiter|\w+) must be given once",
        r"options must have at most .+",
    ],
    "importReadings": UPLOAD_RULES,
    "importReadingsOfMeters": UPLOAD_RULES,
    "importStoreStatus": [r"The header .+"],
    "importStoreHours": [r"The header .+"],
    "importStoreTimezones": [r"The header .+"],
    "writeLines": [r"partial write: .+"],
    "writeLinesV1": [r"partial write: .+"],
    "postTelemetry": [
        r"metrics must be those of one profile: .+",
        r"Unknown metric '.*': .+",
        r"profile must be .+",
        r"\w+ must be from .+",
        r"\w+ is required",
        r"metrics must be those of the profile \w+, which device .+ has",
        r"timestamp must be .+ or later",
        r"timestamp must be at most .+ ahead.*",
    ],
}


@schemathesis.check
def rejections_are_documented(ctx, response, case):
    """A request that fits its schema is refused only for a rule in the table."""
    if response.status_code != 400 or case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    rules = RULES.get(case.operation.definition.raw.get("operationId"), [])
    faults = [error["detail"] for error in problem.get("errors", [])] or [
        problem.get("detail") or problem.get("message") or problem["error"]
    ]
    unknown = [
        fault for fault in faults if not any(re.fullmatch(rule, fault, re.S) for rule in rules)
    ]
    assert not unknown, f"Refused for a rule that no table lists: {unknown}"


@schemathesis.serializer("text/csv", "application/x-ndjson")
def as_text(ctx, value):
    """The body of an upload is a text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.deserializer("image/png")
def as_nothing(ctx, response):
    """A picture has no schema to check."""
    return None


@schemathesis.hook
def map_query(context, query):
    """Every other range of time is one that the service accepts, so that tests get further."""
    start, end = (query or {}).get("start_time"), (query or {}).get("end_time")
    if isinstance(start, str) and isinstance(end, str) and len(start) % 2 == 0:
        query["end_time"] = start
    return query


@schemathesis.hook
def before_call(context, case, kwargs):
    """A body that claims to be compressed is compressed."""
    for name, value in (case.headers or {}).items():
        if name.lower() == "content-encoding" and value in ("gzip", "x-gzip"):
            kwargs["auth"] = compress


def compress(request):
    """Compresses the body of a prepared request: `requests` calls this last."""
    body = request.body or b""
    request.body = gzip.compress(body.encode() if isinstance(body, str) else body)
    request.prepare_content_length(request.body)
    return request
