/**
 * Records as version 0.5.0 stored them: read back from a database that its code had written.
 *
 * A device with two readings, of which continuous export (CSV, layout `hive`) had written the first;
 * a meter, a store, a failed export, a finished report.
 *
 * @module
 */

/** When the process of version 0.5.0 had ended and its leases had run out, epoch milliseconds. */
export const AFTER_0_5_MS = 1_795_930_460_000;

/** The entries, in the order of their keys. */
export const RECORDS_0_5: readonly (readonly [Deno.KvKey, unknown])[] = [
  [
    ["block", "meter", "m1", 1714521600000],
    Uint8Array.fromHex(
      "01040000020000000000003717f3784200000000004ced4002010000000000000000000000405f400000020000000000000000000000000000000200000000000000000000000000000002000000000000000000000000000019000000000000",
    ),
  ],
  [
    ["block", "site", "1", 1674604800000],
    Uint8Array.fromHex(
      "0101000002000000000060c98c5e78420000000040774b41000100000000000000000000000000000100000000000000",
    ),
  ],
  [["device", "bat-1"], {
    "v": 1,
    "profile": "battery",
    "deviceType": "cell",
    "location": "cellar",
    "offlineAfterMs": null,
    "createdMs": 1795930426857,
    "state": "online",
    "stateSinceMs": 1795930426857,
    "lastSeenMs": null,
    "dueMs": 1795931026857,
    "isProfileFixed": true,
  }],
  [["due", "device_offline", 1795931026857, "bat-1"], true],
  [["due", 1796535229825, "job_keep", "dd5df8b6-442d-4d8a-b165-6ae3605db9f9"], true],
  [["due", 1798522429770, "job_keep", "16dfb721-8052-4967-93e8-527d3aa5b2f5"], true],
  [["job", "16dfb721-8052-4967-93e8-527d3aa5b2f5"], {
    "v": 1,
    "id": "16dfb721-8052-4967-93e8-527d3aa5b2f5",
    "kind": "meter_export",
    "params": {
      "meterId": "nope",
      "fromMs": 1704067200000,
      "toMs": 1704239999001,
      "format": "csv",
    },
    "owner": "anyone",
    "slot": null,
    "state": "failed",
    "epoch": 1,
    "attempt": 1,
    "abandoned": 0,
    "lease": null,
    "due": { "kind": "job_keep", "atMs": 1798522429770 },
    "createdMs": 1795930429624,
    "updatedMs": 1795930429770,
    "endedMs": 1795930429770,
    "fileExpiresMs": null,
    "progress": { "done": 0, "total": null, "percent": 0 },
    "artifact": null,
    "result": null,
    "error": {
      "code": "SMART_METER_NOT_FOUND",
      "message": "Smart meter with ID 'nope' not found",
      "details": "The specified smart meter does not exist in the system",
    },
    "isCancelRequested": false,
    "history": [{ "atMs": 1795930429624, "state": "pending", "epoch": 0 }, {
      "atMs": 1795930429727,
      "state": "running",
      "epoch": 1,
    }, { "atMs": 1795930429770, "state": "failed", "epoch": 1 }],
  }],
  [["job", "dd5df8b6-442d-4d8a-b165-6ae3605db9f9"], {
    "v": 1,
    "id": "dd5df8b6-442d-4d8a-b165-6ae3605db9f9",
    "kind": "store_report",
    "params": { "asOfMs": null, "maxHoldMs": null },
    "owner": "anyone",
    "slot": null,
    "state": "completed",
    "epoch": 1,
    "attempt": 1,
    "abandoned": 0,
    "lease": null,
    "due": { "kind": "job_keep", "atMs": 1796535229825 },
    "createdMs": 1795930429582,
    "updatedMs": 1795930429829,
    "endedMs": 1795930429829,
    "fileExpiresMs": 1796535229825,
    "progress": { "done": 0, "total": null, "percent": 0 },
    "artifact": {
      "name": "dd5df8b6-442d-4d8a-b165-6ae3605db9f9.1",
      "filename": "report_dd5df8b6-442d-4d8a-b165-6ae3605db9f9.csv",
      "contentType": "text/csv; charset=utf-8; header=present",
      "sizeBytes": 179,
      "sha256": "0b907ba685c46d440d42382a34b4f68dc0338caa9a7ea8bdd34e8ee244431338",
    },
    "result": { "storeCount": 2 },
    "error": null,
    "isCancelRequested": false,
    "history": [{ "atMs": 1795930429582, "state": "pending", "epoch": 0 }, {
      "atMs": 1795930429654,
      "state": "running",
      "epoch": 1,
    }, { "atMs": 1795930429829, "state": "completed", "epoch": 1 }],
  }],
  [
    ["journal", 1],
    Uint8Array.fromHex(
      "01010500077365676d656e7400076261747465727900056261742d31002463356532313664642d326239622d343635302d616139612d66633931336634653436303702000000000000f03f5801040000010000000000faf55a227a42000000000000f03f0000000000000000000000000000494000000000000000000000000000c06c4001000000000000000000000000002e4000000000000000000000000000003440020300087265766973696f6e01010102010000000000000002030008756e666f6c646564010101020100000000000000030400076368616e67656401010102020000809f49227a4201030004626561740102000019010080e2b85c227a420080e2b85c227a42000000000000f03f",
    ),
  ],
  [
    ["journal", 2],
    Uint8Array.fromHex(
      "01010500077365676d656e7400076261747465727900056261742d31002463356532313664642d326239622d343635302d616139612d6663393133663465343630370200000000000000405801040000010000000000a0045b227a42000000000000f03f000000000000000000000000000049400200000000000000000000004076d64001000000000000000000000000002e4000000000000000000000000000003440020300087265766973696f6e01010102020000000000000002030008756e666f6c646564010101020200000000000000030400076368616e67656401010102020000809f49227a4201030004626561740102000029010030efb85c227a420080e2b85c227a42000000000000f03f0030efb85c227a42000000000000f03f",
    ),
  ],
  [["lake_checkpoint", "bat-1"], {
    "v": 1,
    "plan": [{ "lengthMs": 60000, "fromDayMs": 0 }],
    "nextMs": 1795930380000,
    "pendingMs": null,
    "revision": 1,
    "seenVersion": "00000000000000730000",
    "totals": { "objects": 1, "rows": 1, "sizeBytes": 170, "rewrites": 0, "deletions": 0 },
    "last": {
      "key": "device_id=bat-1/date=2026-11-29/export_050300.csv",
      "fromMs": 1795928580000,
      "toMs": 1795928640000,
      "rows": 1,
      "sizeBytes": 170,
      "sha256": "d1c0d499da1615eef0c20de4b103fb8dab3147149cbdfc2563ade06180c22b0a",
      "revision": 1,
      "writtenMs": 1795930427092,
    },
    "fault": null,
  }],
  [
    ["lake_manifest", "bat-1", 1795924800000],
    Uint8Array.fromHex("010000faf55a227a42010000003637b688c898d27801000000"),
  ],
  [["lake_order", "app-1"], { "v": 1, "isPaused": true, "isRunAsked": false, "replays": [] }],
  [["lease", "lake-00"], {
    "v": 1,
    "owner": "c5e216dd-2b9b-4650-aa9a-fc913f4e4607",
    "epoch": 1,
    "untilMs": 1795930452853,
    "cursor": null,
  }],
  [["lease", "settle"], {
    "v": 1,
    "owner": "c5e216dd-2b9b-4650-aa9a-fc913f4e4607",
    "epoch": 1,
    "untilMs": 1795930452853,
    "cursor": null,
  }],
  [["meta", "schema"], { "v": 1, "version": 3 }],
  [["series", "meter", "m1"], {
    "v": 1,
    "state": "live",
    "life": 1,
    "generation": 1,
    "count": 2,
    "firstMs": 1714521600000,
    "lastMs": 1714521660000,
    "removedMs": 0,
  }],
  [["series", "site", "1"], {
    "v": 1,
    "state": "live",
    "life": 1,
    "generation": 1,
    "count": 2,
    "firstMs": 1674648000000,
    "lastMs": 1674651600000,
    "removedMs": 0,
  }],
  [["store", "1", "hours"], { "v": 1, "spans": [0, 32400000, 61200000] }],
  [["store", "1", "zone"], { "v": 1, "zone": "America/Chicago" }],
];
