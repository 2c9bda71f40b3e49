import { FAMILIES, type Family } from "../../../data/metrics/families.ts";
import { createRecorder } from "../../../data/metrics/recorder.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";

Deno.test("counters add up, for each value of their labels", () => {
  const recorder = createRecorder();
  recorder.add("openwatts_jobs_created_total", ["export"]);
  recorder.add("openwatts_jobs_created_total", ["export"], 2);
  recorder.add("openwatts_jobs_created_total", ["report"]);
  assertEquals(recorder.samples("openwatts_jobs_created_total"), [
    { labels: ["export"], value: 3 },
    { labels: ["report"], value: 1 },
  ]);
});

Deno.test("gauges hold their last value, or move up and down", () => {
  const recorder = createRecorder();
  recorder.set("openwatts_kv_bytes", [], 9);
  recorder.set("openwatts_kv_bytes", [], 5);
  assertEquals(recorder.samples("openwatts_kv_bytes"), [{ labels: [], value: 5 }]);
  recorder.shift("openwatts_jobs_running", ["export"], 1);
  recorder.shift("openwatts_jobs_running", ["export"], 1);
  recorder.shift("openwatts_jobs_running", ["export"], -1);
  assertEquals(recorder.samples("openwatts_jobs_running"), [{ labels: ["export"], value: 1 }]);
});

Deno.test("a histogram puts a value into the first bucket whose bound it does not exceed", () => {
  const recorder = createRecorder();
  // The bounds are 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1 and 5.
  for (const value of [0, 0.001, 0.0011, 0.5, 5, 5.1, 60]) {
    recorder.observe("openwatts_event_loop_delay_seconds", [], value);
  }
  const [{ buckets, value }] = recorder.samples("openwatts_event_loop_delay_seconds");
  assertEquals(buckets, [2, 1, 0, 0, 0, 0, 0, 1, 0, 1, 2]);
  assert(Math.abs(value - 70.6021) < 1e-9);
});

Deno.test("counters and histograms without labels are there before anything happens, others are not", () => {
  const recorder = createRecorder();
  assertEquals(recorder.samples("openwatts_readings_out_total"), [{ labels: [], value: 0 }]);
  assertEquals(recorder.samples("openwatts_ingest_commit_duration_seconds").length, 1);
  assertEquals(recorder.samples("openwatts_jobs_created_total"), []);
  assertEquals(recorder.samples("openwatts_kv_bytes"), []);
});

Deno.test("a label with too many values cannot fill the memory: the rest counts as other", () => {
  const recorder = createRecorder();
  for (let id = 0; id < 2_500; id++) recorder.add("openwatts_jobs_created_total", [`job-${id}`]);
  const samples = recorder.samples("openwatts_jobs_created_total");
  assertEquals(samples.length, 2_001);
  assertEquals(samples.at(-1), { labels: ["other"], value: 500 });
});

// https://prometheus.io/docs/practices/naming/
Deno.test("names follow the conventions of Prometheus: base units, and _total for counters alone", () => {
  for (const [name, { type, labels, help, buckets }] of Object.entries<Family>(FAMILIES)) {
    assertMatch(name, /^(openwatts|process)_[a-z]+(_[a-z]+)*$/);
    assertEquals(name.endsWith("_total"), type === "counter", name);
    assert(!/_(ms|milliseconds|minutes|kb|mb|kilobytes|percent)(_|$)/.test(name), name);
    if (type === "histogram") assertMatch(name, /_seconds$/);
    assertEquals(buckets !== undefined, type === "histogram", name);
    assertEquals(buckets?.toSorted((one, other) => one - other), buckets?.slice(), name);
    for (const label of labels) {
      assertMatch(label, /^[a-z]+$/);
      assert(!["id", "le", "quantile", "device", "meter"].includes(label), name);
    }
    assertMatch(help, /\.$/);
  }
});
