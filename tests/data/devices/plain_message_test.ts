import fc from "fast-check";
import { readTelemetry, type Telemetry } from "../../../data/devices/message.ts";
import { createPlainMessages, type PlainRules } from "../../../data/devices/plain_message.ts";
import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { APPLIANCE, message } from "../../support/telemetry.ts";

const NOW_MS = Date.UTC(2026, 1, 2);
const RULES = { acceptedTimes: ACCEPTED_TIMES, profiles: BUILT_IN_PROFILES };

/** Reads a line with a reader that knows the usual messages; null if it is not plain. */
function readPlain(line: string, rules: PlainRules = RULES): Telemetry | null {
  const plain = createPlainMessages(rules);
  for (const known of [message(), message({ metrics: APPLIANCE })]) {
    const result = readTelemetry(known, NOW_MS, rules);
    if ("telemetry" in result) plain.learn(known, result.telemetry);
    plain.read(bytesOf(JSON.stringify({ ...known, metrics: {} })), 0, 1_000, NOW_MS);
  }
  const bytes = bytesOf(`ignored\n${line}`);
  const end = plain.read(bytes, 8, bytes.length, NOW_MS);
  if (end < 0) return null;
  assertEquals(end, bytes.length - 1);
  const { deviceId, timeMs, form, profile, values } = plain.telemetry();
  return { deviceId, timeMs, form, profile, values };
}

/** Reads a line with a JSON parser; null if it is wrong. */
function readJson(line: string): Telemetry | null {
  try {
    const result = readTelemetry(JSON.parse(line), NOW_MS, RULES);
    return "telemetry" in result ? result.telemetry : null;
  } catch {
    return null;
  }
}

function bytesOf(line: string): Uint8Array {
  return new TextEncoder().encode(`${line}\n`);
}

/** Most of the time the one, else another. */
function usually(one: string, others: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: others });
}

const numbers = fc.oneof(
  fc.constantFrom("0", "-0", "-0.0", "00", "01", "1.", ".5", "-", "1e2", "1E2", "5.0e-1", "+1"),
  fc.constantFrom("null", "nul", "true", '"1"', "[]", "NaN", "400", "1000000", "0x1", "1 2"),
  fc.constantFrom("99.999999999999", "12.345678901234567", "0.1", "100.0", "0.000000000000001"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: -1_000, max: 1_000 }).map((value) => String(value / 10)),
);
const names = fc.constantFrom(
  ...["soc_percent", "voltage_v", "current_a", "temp_c", "power_kw", "soc\\u005fpercent", "é"],
);
const ids = usually(
  "test-001",
  fc.constantFrom("a", ".", "..", ".a", "A:b_c.d-9", "", "ü", "a\\u0061", "b c")
    .chain((id) => fc.constantFrom(id, id.padEnd(64, "x"), id.padEnd(65, "x"))),
);
const times = usually(
  "2026-02-01T14:23:45Z",
  fc.constantFrom(
    ...["2026-02-01T14:23:45.5Z", "2026-02-30T14:23:45Z", "1999-01-01T00:00:00Z", ""],
    ...["2026-02-01T24:00:00Z", "2026-02-01T14:60:00Z", "2026-02-01t14:23:45Z"],
    ...["2027-02-01T14:23:45Z", "2024-02-29T23:59:59Z", "2026-02-01 14:23:45Z"],
  ),
);
const space = usually("", fc.constantFrom(" ", "  ", "\t", "\r"));

/** Lines that are plain, nearly plain, or wrong. */
const lines = fc.record({
  id: ids,
  time: times,
  metrics: fc.oneof(
    fc.array(fc.tuple(names, numbers), { maxLength: 5 }),
    fc.tuple(...["67.5", "385.2", "-45.30", "28"].map((one) => usually(one, numbers))).map((
      values,
    ) =>
      ["soc_percent", "voltage_v", "current_a", "temp_c"].map((name, index) =>
        [name, values[index]] as [string, string]
      )
    ),
  ),
  spaces: fc.array(space, { minLength: 7, maxLength: 7 }),
  rest: usually(
    "",
    fc.constantFrom(',"profile":"battery"', ',"note":1', "}", " ", "\r", "x"),
  ),
  order: usually("it", fc.constant("ti")),
}).map(({ id, time, metrics, spaces: [a, b, c, d, e, f, g], rest, order }) => {
  const members = metrics.map(([name, value]) => `"${name}":${a}${value}`).join(`,${b}`);
  const first = [`"device_id":${c}"${id}"`, `"timestamp"${d}:"${time}"`];
  const head = (order === "it" ? first : first.reverse()).join(`${e},`);
  const end = rest.startsWith(",") ? `${rest}}` : `}${rest}`;
  return `${f}{${head},"metrics":{${g}${members}}${end}`;
});

Deno.test("a plain message is read as a JSON parser and the checks read it, and nothing else is", () => {
  let plainOnes = 0;
  const property = fc.property(lines, (line) => {
    const plain = readPlain(line);
    if (plain === null) return;
    plainOnes++;
    assertEquals(plain, readJson(line));
  });
  fc.assert(property, { numRuns: 2_000 });
  // Else the property says nothing.
  assertEquals(plainOnes > 50, true);
});

Deno.test("the messages that nearly every device sends are plain", () => {
  const usual = [
    '{"device_id":"test-001","timestamp":"2026-02-01T14:23:45Z","metrics":{"soc_percent":67.5,' +
    '"voltage_v":385.2,"current_a":-45.3,"temp_c":28.4}}',
    '{"device_id": "b", "timestamp": "2026-02-01T00:00:00Z", "metrics": {"soc_percent": 0, ' +
    '"voltage_v": 385.20, "current_a": -0.0, "temp_c": null}}\r',
  ];
  assertEquals(usual.map((line) => readPlain(line)?.values), [
    [67.5, 385.2, -45.3, 28.4],
    [0, 385.2, 0, NaN],
  ]);
});

Deno.test("a message of a device that is to be looked up, or not to be touched, is not plain", () => {
  const line = JSON.stringify({ ...message(), device_id: "mine" });
  const profile = BUILT_IN_PROFILES.get("appliance") ?? null;
  assertEquals(readPlain(line)?.deviceId, "mine");
  assertEquals(readPlain(line, { ...RULES, mayTouch: (id) => id !== "mine" }), null);
  assertEquals(readPlain(line, { ...RULES, isUndecided: (id) => id === "mine" }), null);
  const profileOf = (id: string) => id === "mine" ? profile : null;
  assertEquals(readPlain(line, { ...RULES, profileOf }), null);
});

Deno.test("messages with a value that is not plain do not push out the shapes of others", () => {
  const plain = createPlainMessages(RULES);
  const values = Object.entries({
    soc_percent: 67.5,
    voltage_v: 385.2,
    current_a: -45.3,
    temp_c: 28.4,
  });
  // Eight orders of the metrics: rotations, forwards and backwards.
  const shapes = values.flatMap((_, index) => {
    const turned = [...values.slice(index), ...values.slice(0, index)];
    return [turned, turned.toReversed()].map((metrics) =>
      message({ metrics: Object.fromEntries(metrics) })
    );
  });
  /** Whether it is plain. Else the reader learns from it. */
  const reads = (sent: ReturnType<typeof message>) => {
    const bytes = bytesOf(JSON.stringify(sent));
    if (plain.read(bytes, 0, bytes.length, NOW_MS) >= 0) return true;
    const result = readTelemetry(sent, NOW_MS, RULES);
    if ("telemetry" in result) plain.learn(sent, result.telemetry);
    return false;
  };
  assertEquals(shapes.map(reads), Array(8).fill(false));
  const precise = message({ metrics: { ...shapes[0].metrics, temp_c: 28.400000000000002 } });
  assertEquals(shapes.map(() => reads(precise)), Array(8).fill(false));
  assertEquals(shapes.map(reads), Array(8).fill(true));
});

Deno.test("after many messages that are not plain, some are not tried, and plain ones are read again", () => {
  const plain = createPlainMessages(RULES);
  const known = message();
  const result = readTelemetry(known, NOW_MS, RULES);
  if ("telemetry" in result) plain.learn(known, result.telemetry);
  const reads = (sent: ReturnType<typeof message>) => {
    const bytes = bytesOf(JSON.stringify(sent));
    return plain.read(bytes, 0, bytes.length, NOW_MS) >= 0;
  };
  const precise = message({ metrics: { ...known.metrics, temp_c: 28.400000000000002 } });
  assertEquals([reads(known), reads(precise), reads(known)], [true, false, true]);
  for (let count = 0; count < 100; count++) assertEquals(reads(precise), false);
  let later = 0;
  while (!reads(known)) later++;
  assert(later > 0 && later < 1_000, String(later));
  assertEquals([reads(known), reads(precise), reads(known)], [true, false, true]);
});

Deno.test("a message may end with its bytes if the limit says so, and is not read if it is cut short", () => {
  const plain = createPlainMessages(RULES);
  const known = message();
  const result = readTelemetry(known, NOW_MS, RULES);
  if ("telemetry" in result) plain.learn(known, result.telemetry);
  const whole = new TextEncoder().encode(JSON.stringify(known));
  assertEquals(plain.read(whole, 0, whole.length, NOW_MS), whole.length);
  // The rest of the line may be in the next chunk.
  assertEquals(plain.read(whole, 0, whole.length - 1, NOW_MS), -1);
  for (let length = 0; length < whole.length; length++) {
    const part = whole.slice(0, length);
    assertEquals(plain.read(part, 0, part.length, NOW_MS), -1, String(length));
    assertEquals(plain.read(whole, 0, whole.length, NOW_MS), whole.length);
  }
});
