"""The main job, an import, a telemetry batch and a report, with the client that
openapi-python-client generated from the document. Usage: client.py URL KEY"""

import datetime
import sys

from open_watts_client import AuthenticatedClient
from open_watts_client.api.devices import get_device, list_devices
from open_watts_client.api.exports import create_export, download_export, get_export_status
from open_watts_client.api.meters import import_readings
from open_watts_client.api.reports import download_report, get_report, trigger_report
from open_watts_client.api.telemetry import post_telemetry
from open_watts_client.models import (
    BatteryMetrics,
    ExportAccepted,
    ExportCompleted,
    ExportRequest,
    ImportedReading,
    ImportReport,
    Problem,
    ReportComplete,
    ReportRequest,
    ReportTriggered,
    TelemetryMessage,
    TelemetryReport,
)

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
UTC = datetime.timezone.utc
WAIT = "wait=30"

# An import. Of several kinds of body this generator knows JSON.
imported = import_readings.sync(
    "python",
    client=client,
    dry_run=False,
    body=[
        ImportedReading(timestamp="2024-01-01T00:00:00Z", power_kw=1.5),
        ImportedReading(timestamp="2024-01-01T00:01:00Z", power_kw=2),
    ],
)
assert isinstance(imported, ImportReport), imported
assert imported.inserted == 2

# The main job: create an export, wait for its end, download the file.
created = create_export.sync(
    client=client,
    prefer=WAIT,
    body=ExportRequest(
        smart_meter_id="python",
        start_datetime=datetime.datetime(2024, 1, 1, tzinfo=UTC),
        end_datetime=datetime.datetime(2024, 1, 1, 1, tzinfo=UTC),
        format_="csv",
    ),
)
assert isinstance(created, ExportAccepted), created
status = get_export_status.sync(str(created.job_id), client=client, prefer=WAIT)
assert isinstance(status, ExportCompleted), status
assert status.file_info.record_count == 2
file = download_export.sync_detailed(str(created.job_id), client=client)
assert len(file.content.decode().splitlines()) == 3

# A telemetry batch.
sent = post_telemetry.sync(
    client=client,
    body=[
        TelemetryMessage(
            device_id="python",
            timestamp=datetime.datetime(2026, 2, 1, 14, 23, second, tzinfo=UTC),
            metrics=BatteryMetrics(
                soc_percent=60.5, voltage_v=385.2, current_a=-45.3, temp_c=None
            ),
        )
        for second in range(2)
    ],
)
assert isinstance(sent, TelemetryReport), sent
assert sent.created == 2

# A report. The generator leaves out uploads of CSV alone, so the client's HTTP library sends it.
polls = client.get_httpx_client().post(
    "/stores/status",
    content="store_id,timestamp_utc,status\npython,2023-01-25T12:00:00Z,active\n",
    headers={"Content-Type": "text/csv"},
)
assert polls.json()["inserted"] == 1, polls.text
report = trigger_report.sync(client=client, prefer=WAIT, body=ReportRequest())
assert isinstance(report, ReportTriggered), report
done = get_report.sync(str(report.report_id), client=client)
assert isinstance(done, ReportComplete), done
table = download_report.sync_detailed(str(report.report_id), client=client)
assert "\npython," in table.content.decode()

# An error has a type too.
missing = get_device.sync("none", client=client)
assert isinstance(missing, Problem), missing
assert missing.code == "DEVICE_NOT_FOUND"

# So has a request with a wrong key.
refused = list_devices.sync(client=AuthenticatedClient(base_url=sys.argv[1], token="none"))
assert isinstance(refused, Problem), refused
assert refused.code == "UNAUTHENTICATED"
print("openapi-python-client: done")
