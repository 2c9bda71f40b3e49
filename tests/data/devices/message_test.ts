import { amount } from "../../support/thorough.ts";
import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import fc from "fast-check";
import { PROFILES } from "../../../data/readings/profile.ts";
import { readTelemetry } from "../../../data/devices/message.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { strangeText } from "../../support/json_arbitrary.ts";

const RULES = { acceptedTimes: ACCEPTED_TIMES, profiles: BUILT_IN_PROFILES };
const NOW_MS = Date.UTC(2026, 1, 1, 14, 30);
const TIME = "2026-02-01T14:23:45Z";
const TIME_MS = 1_769_955_825_000;
/** Smallest and largest value of each metric, as the users' contract has them. */
const RANGES = {
  battery: {
    soc_percent: [0, 100],
    voltage_v: [200, 500],
    current_a: [-1000, 1000],
    temp_c: [-50, 100],
  },
  appliance: {
    voltage: [0, 1000],
    current: [-1000, 1000],
    power: [-1e6, 1e6],
    temperature: [-100, 500],
  },
};
const METRICS = { soc_percent: 67.5, voltage_v: 385.2, current_a: -45.3, temp_c: 28.4 };

function message(changes: Record<string, unknown> = {}): unknown {
  return { device_id: "test-001", timestamp: TIME, metrics: METRICS, ...changes };
}

/** What is wrong with a message: pointer and rule of each problem. */
function rulesOf(given: unknown): [string, string][] {
  const result = readTelemetry(given, NOW_MS, RULES);
  assert("problems" in result);
  return result.problems.map(({ pointer, rule }) => [pointer, rule ?? ""]);
}

/** The values that a message of these metrics has, or the pointers to what is wrong with it. */
function outcome(metrics: unknown): unknown {
  const result = readTelemetry(message({ metrics }), NOW_MS, RULES);
  return "telemetry" in result
    ? Array.from(result.telemetry.values)
    : result.problems.map(({ pointer }) => pointer);
}

Deno.test("readTelemetry() reads the message of a battery", () => {
  assertEquals(readTelemetry(message(), NOW_MS, RULES), {
    telemetry: {
      deviceId: "test-001",
      timeMs: TIME_MS,
      form: "iso8601",
      profile: PROFILES.battery,
      values: [67.5, 385.2, -45.3, 28.4],
    },
  });
});

Deno.test("readTelemetry() reads an appliance, with metrics in any order and null as missing", () => {
  const metrics = { temperature: null, power: 1200.5, voltage: 230.1, current: 5.2 };
  assertEquals(readTelemetry(message({ metrics }), NOW_MS, RULES), {
    telemetry: {
      deviceId: "test-001",
      timeMs: TIME_MS,
      form: "iso8601",
      profile: PROFILES.appliance,
      values: [230.1, 5.2, 1200.5, NaN],
    },
  });
});

Deno.test("readTelemetry() accepts a reading whose values are all null", () => {
  const metrics = { soc_percent: null, voltage_v: null, current_a: null, temp_c: null };
  assertEquals(outcome(metrics), [NaN, NaN, NaN, NaN]);
});

Deno.test("readTelemetry() reads a negative zero as zero", () => {
  const result = readTelemetry(
    message({ metrics: { ...METRICS, current_a: -0 } }),
    NOW_MS,
    RULES,
  );
  assert("telemetry" in result);
  assertStrictEquals(result.telemetry.values[2], 0);
});

Deno.test("readTelemetry() accepts the ends of every range, and nothing beyond", () => {
  for (const ranges of Object.values(RANGES)) {
    const whole = Object.fromEntries(Object.keys(ranges).map((name) => [name, null]));
    for (const [name, [min, max]] of Object.entries(ranges)) {
      const place = Object.keys(ranges).indexOf(name);
      for (const value of [min, max]) {
        const values = Array(4).fill(NaN).with(place, value);
        assertEquals(outcome({ ...whole, [name]: value }), values, `${name} ${value}`);
      }
      for (const value of [min - 1e-9, max + 1e-9, Infinity, -Infinity]) {
        const given = { ...whole, [name]: value };
        assertEquals(outcome(given), [`/metrics/${name}`], `${name} ${value}`);
      }
    }
  }
});

Deno.test("readTelemetry() accepts times up to 5 minutes ahead, in any form of ISO 8601", () => {
  const times: [string, number][] = [
    ["2026-02-01T14:35:00Z", NOW_MS + 300_000],
    ["2026-02-01T15:23:45.678+01:00", TIME_MS + 678],
    ["2026-02-01 14:23:45", TIME_MS],
    ["2000-01-01T00:00:00Z", 946_684_800_000],
  ];
  for (const [timestamp, expected] of times) {
    const result = readTelemetry(message({ timestamp }), NOW_MS, RULES);
    assert("telemetry" in result, timestamp);
    assertEquals(result.telemetry.timeMs, expected);
  }
});

Deno.test("readTelemetry() names the rule that a time breaks", () => {
  const iso = "an ISO 8601 time such as 2026-02-01T14:23:45Z, or Unix time as a number of " +
    "seconds, milliseconds or microseconds";
  const rules: [unknown, string][] = [
    ["2026-02-01T14:35:00.001Z", "at most 5 minutes ahead"],
    ["9999-12-31T23:59:59Z", "at most 5 minutes ahead"],
    ["1999-12-31T23:59:59.999Z", "2000-01-01T00:00:00Z or later"],
    ["1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z or later"],
    ["0001-01-01T00:00:00Z", "2000-01-01T00:00:00Z or later"],
    ["2026-02-29T00:00:00Z", iso],
    ["2026-02-01", iso],
    ["yesterday", iso],
    [1_769_955_825_000_000_000, iso],
    [true, iso],
    // 30 minutes ahead, and 1970, in seconds.
    [1_769_958_000, "at most 5 minutes ahead"],
    [180, "2000-01-01T00:00:00Z or later"],
  ];
  for (const [timestamp, rule] of rules) {
    assertEquals(rulesOf(message({ timestamp })), [["/timestamp", rule]], String(timestamp));
  }
});

Deno.test("readTelemetry() rejects ids that are not 1 to 64 plain characters", () => {
  const right = ["a", "test-001", "_-9", "a.b", "a:b", "x".repeat(64)];
  const wrong = ["", "..", "a/b", "a b", "é", "a\n", "x".repeat(65), 7, null, ["a"]];
  const refused = [...right, ...wrong].filter((device_id) =>
    "problems" in readTelemetry(message({ device_id }), NOW_MS, RULES)
  );
  assertEquals(refused, wrong);
});

Deno.test("readTelemetry() lists everything that is wrong, with the values sent", () => {
  const given = {
    device_id: "a/b",
    timestamp: "2026-02-01T14:40:00Z",
    metrics: { soc_percent: 101, voltage_v: "385.2", "a/b": 1, temp_c: 20 },
    extra: "y".repeat(200),
  };
  const list = "soc_percent, voltage_v, current_a, temp_c";
  assertEquals(readTelemetry(given, NOW_MS, RULES), {
    deviceId: null,
    problems: [
      {
        pointer: "/extra",
        detail: "Unknown property 'extra'",
        value: "y".repeat(100),
        rule: "only device_id, timestamp, profile and metrics",
      },
      {
        pointer: "/device_id",
        detail: "device_id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone",
        value: "a/b",
        rule: "1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone",
      },
      {
        pointer: "/timestamp",
        detail: "timestamp must be at most 5 minutes ahead of the service's clock",
        value: "2026-02-01T14:40:00Z",
        rule: "at most 5 minutes ahead",
      },
      {
        pointer: "/metrics/a~1b",
        detail: `Unknown metric 'a/b': battery has ${list}`,
        value: 1,
        rule: `one of ${list}`,
      },
      {
        pointer: "/metrics/soc_percent",
        detail: "soc_percent must be from 0 to 100 %",
        value: 101,
        rule: "from 0 to 100 %",
      },
      {
        pointer: "/metrics/voltage_v",
        detail: "voltage_v must be a number or null",
        value: "385.2",
        rule: "a number or null",
      },
      {
        pointer: "/metrics/current_a",
        detail: "current_a is required",
        rule: "a number or null",
      },
    ],
  });
});

Deno.test("readTelemetry() checks metrics against the profile that shares most names with them", () => {
  assertEquals(outcome({ voltage: 230, current: 5, power: 7, soc_percent: 1 }), [
    "/metrics/soc_percent",
    "/metrics/temperature",
  ]);
  assertEquals(outcome({ voltage: 230, soc_percent: 1, temp_c: 5, extra: 1 }), [
    "/metrics/voltage",
    "/metrics/extra",
    "/metrics/voltage_v",
    "/metrics/current_a",
  ]);
});

Deno.test("readTelemetry() names the metrics of all profiles if a message has none of them", () => {
  const rule = "those of one profile: battery (soc_percent, voltage_v, current_a, temp_c) or " +
    "appliance (voltage, current, power, temperature)";
  assertEquals(rulesOf(message({ metrics: {} })), [["/metrics", rule]]);
  assertEquals(rulesOf(message({ metrics: { energy_kwh: 1, status: 1 } })), [["/metrics", rule]]);
});

Deno.test("readTelemetry() requires objects, and their members except timestamp", () => {
  for (const given of [null, undefined, 7, "x", true, []]) {
    assertEquals(rulesOf(given), [["", "a JSON object"]]);
  }
  for (const metrics of [null, 7, "x", [METRICS]]) {
    assertEquals(rulesOf(message({ metrics })), [["/metrics", "a JSON object"]]);
  }
  const pointers = rulesOf({}).map(([pointer]) => pointer);
  assertEquals(pointers, ["/device_id", "/metrics"]);
});

Deno.test("readTelemetry() rejects names that every object inherits", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const members = names.map((name) => `"${name}":1`).join();
  const metrics = JSON.stringify(METRICS).replace("}", `,${members}}`);
  const text = `{"device_id":"a","timestamp":"${TIME}","metrics":${metrics},${members}}`;
  assertEquals(
    rulesOf(JSON.parse(text)).map(([pointer]) => pointer),
    [...names.map((name) => `/${name}`), ...names.map((name) => `/metrics/${name}`)],
  );
  assertEquals(rulesOf(JSON.parse('{"__proto__":{}}')).length, 3);
});

Deno.test("a message has one problem for each fault", () => {
  fc.assert(
    fc.property(anyMessage(), ({ given, wrong }) => {
      const result = readTelemetry(JSON.parse(JSON.stringify(given)), NOW_MS, RULES);
      const pointers = "problems" in result ? result.problems.map(({ pointer }) => pointer) : [];
      assertEquals(pointers.toSorted(), wrong.toSorted());
      if ("problems" in result) {
        for (const { detail, rule } of result.problems) assert(detail.length > 0 && rule);
      } else {
        assertEquals(result.telemetry.deviceId, given.device_id);
        const timeMs = given.timestamp === undefined ? NOW_MS : Date.parse(`${given.timestamp}`);
        assertEquals(result.telemetry.timeMs, timeMs);
        const names = result.telemetry.profile.metrics.map(({ name }) => name);
        const values = names.map((name) => given.metrics[name] ?? NaN);
        assertEquals(Array.from(result.telemetry.values), values);
      }
    }),
    { numRuns: amount({ quick: 40, thorough: 150 }) },
  );
});

Deno.test("readTelemetry() accepts or rejects any JSON value without failing", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (device_id, metrics) => {
    const result = readTelemetry(message({ device_id, metrics, extra: 1 }), NOW_MS, RULES);
    assert("problems" in result && result.problems.length > 0);
    JSON.stringify(result.problems);
  }));
});

Deno.test("the profiles of devices are those whose id column is device_id", () => {
  const names = Object.values(PROFILES).filter(({ idColumn }) => idColumn === "device_id");
  assertEquals(
    names.map(({ name }) => name),
    BUILT_IN_PROFILES.ofDevices().map(({ name }) => name),
  );
});

/** A member: the value sent (undefined if left out), and whether that is wrong. */
interface Member {
  readonly value: unknown;
  readonly isWrong: boolean;
}

interface AnyMessage {
  readonly given: {
    readonly device_id?: unknown;
    readonly timestamp?: unknown;
    readonly metrics: Record<string, unknown>;
  };
  /** Pointers to all that is wrong. */
  readonly wrong: string[];
}

/** Messages of either profile of which every part is right, wrong or left out. */
function anyMessage(): fc.Arbitrary<AnyMessage> {
  const seconds = fc.integer({ min: 946_684_800, max: NOW_MS / 1000 + 300 });
  const times = seconds.map((second) => new Date(second * 1000).toISOString());
  const late = fc.integer({ min: NOW_MS + 300_001, max: 253_402_300_799_999 });
  const lateTimes = late.map((timeMs) => new Date(timeMs).toISOString());
  const unknown = fc.constantFrom("x", "Voltage_V", "device id", "timestamp ");
  return fc.constantFrom<"battery" | "appliance">("battery", "appliance").chain((profile) =>
    fc.record({
      id: member(fc.stringMatching(/^[A-Za-z0-9_:-]{1,64}$/), [
        fc.constantFrom("", "a/b", 7, null),
      ]),
      time: member(times, [lateTimes, fc.constantFrom("", "12:00", 5, true)], true),
      values: fc.tuple(...Object.values(RANGES[profile]).map(anyValue)),
      extra: fc.uniqueArray(unknown, { maxLength: 2 }),
      extraMetrics: fc.uniqueArray(unknown, { maxLength: 2 }),
    }).filter(({ values }) => values.some(({ value }) => value !== undefined))
      .map(({ id, time, values, extra, extraMetrics }) => {
        const names = Object.keys(RANGES[profile]);
        const metrics = Object.fromEntries(names.map((name, at) => [name, values[at].value]));
        return {
          given: {
            ...Object.fromEntries(extra.map((name) => [name, 1])),
            device_id: id.value,
            timestamp: time.value,
            metrics: { ...metrics, ...Object.fromEntries(extraMetrics.map((name) => [name, 1])) },
          },
          wrong: [
            ...id.isWrong ? ["/device_id"] : [],
            ...time.isWrong ? ["/timestamp"] : [],
            ...names.filter((_, at) => values[at].isWrong).map((name) => `/metrics/${name}`),
            ...extra.map((name) => `/${name}`),
            ...extraMetrics.map((name) => `/metrics/${name}`),
          ],
        };
      })
  );
}

function anyValue([min, max]: number[]): fc.Arbitrary<Member> {
  const double = { noNaN: true, noDefaultInfinity: true };
  const right = fc.oneof(fc.double({ ...double, min, max }), fc.constant(null));
  return member(right.map((value) => value === null ? null : value + 0), [
    fc.double({ ...double, min: max + 0.001 }),
    fc.double({ ...double, max: min - 0.001 }),
    strangeText(),
    fc.constantFrom(true, [], {}),
  ]);
}

/** Mostly right values, some wrong ones, some left out. */
function member(
  right: fc.Arbitrary<unknown>,
  wrong: readonly fc.Arbitrary<unknown>[],
  isOptional = false,
): fc.Arbitrary<Member> {
  return fc.oneof(
    { weight: 8, arbitrary: right.map((value) => ({ value, isWrong: false })) },
    { weight: 1, arbitrary: fc.oneof(...wrong).map((value) => ({ value, isWrong: true })) },
    { weight: 1, arbitrary: fc.constant({ value: undefined, isWrong: !isOptional }) },
  );
}
