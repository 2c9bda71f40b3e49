import fc from "fast-check";
import { createJsonEncoder } from "../../../data/encoders/json.ts";
import { createNdjsonEncoder } from "../../../data/encoders/ndjson.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { slicePage } from "../../../data/readings/page.ts";
import { assertEquals } from "../../support/assert.ts";
import { encodedText, fileHead, metricColumns } from "../../support/encoded.ts";
import { anyPage, pageOf, rowsOf } from "../../support/pages.ts";

const [ENERGY, POWER] = metricColumns(PROFILES.meter);

Deno.test("JSON has a header and rows, each on its line, with the clock and offset of the zone", () => {
  const head = fileHead({
    zone: "Europe/Berlin",
    interval: "1h",
    hasUtc: true,
    columns: [{ ...ENERGY, aggregate: "sum" }, POWER],
  });
  const pages = [
    { source: 0, page: pageOf([[Date.UTC(2024, 0, 1), "0.250", ""]]) },
    { source: 0, page: pageOf([[Date.UTC(2024, 6, 1, 1, 2, 3, 4), "", "-1.5"]]) },
  ];
  assertEquals(
    encodedText(createJsonEncoder(head), pages),
    '{"header":{"profile":"meter","sources":["123"],"from":"2024-01-01T01:00:00+01:00",' +
      '"to":"2024-01-02T01:00:00+01:00","timezone":"Europe/Berlin","interval":"1h","columns":[' +
      '{"name":"energy_kwh","unit":"kWh","aggregate":"sum"},{"name":"power_kw","unit":"kW"}]},"rows":[\n' +
      '{"timestamp":"2024-01-01T01:00:00+01:00","utc":"2024-01-01T00:00:00Z",' +
      '"smart_meter_id":"123","energy_kwh":0.25,"power_kw":null},\n' +
      '{"timestamp":"2024-07-01T03:02:03.004+02:00","utc":"2024-07-01T01:02:03.004Z",' +
      '"smart_meter_id":"123","energy_kwh":null,"power_kw":-1.5}\n]}\n',
  );
});

Deno.test("JSON without rows is an empty list", () => {
  const { rows } = JSON.parse(encodedText(createJsonEncoder(fileHead()), []));
  assertEquals(rows, []);
});

Deno.test("NDJSON has a row a line, with texts, booleans and a column for each source", () => {
  const columns = [
    { ...POWER, name: 'a"ß', source: 'a"ß' },
    { ...POWER, name: "on", kind: "boolean" as const },
  ];
  const head = fileHead({ idColumn: null, labels: ["place"], columns });
  const page = pageOf([[0, "1.5", "0"], [1000, "", "1"]]);
  assertEquals(
    encodedText(createNdjsonEncoder(head), [
      { source: 0, page, labels: ["Zürich"] },
      { source: 0, page: pageOf([[2000, "2", ""]]), labels: [null] },
    ]),
    '{"timestamp":"1970-01-01T00:00:00Z","place":"Zürich","a\\"ß":1.5,"on":false}\n' +
      '{"timestamp":"1970-01-01T00:00:01Z","place":"Zürich","a\\"ß":null,"on":true}\n' +
      '{"timestamp":"1970-01-01T00:00:02Z","place":null,"a\\"ß":2,"on":null}\n',
  );
});

Deno.test("rows read back as any readings that went in, however they were cut into pages", () => {
  const pages = anyPage({ columnCounts: [4], maxCount: 200 }).map(sortPage);
  fc.assert(
    fc.property(pages, fc.nat(200), (page, at) => {
      const cut = Math.min(at, page.timesMs.length);
      const parts = [slicePage(page, 0, cut), slicePage(page, cut, page.timesMs.length)];
      const head = fileHead({ zone: "America/Santiago" });
      const text = encodedText(
        createNdjsonEncoder(head),
        parts.map((part) => ({ source: 0, page: part })),
      );
      const whole = encodedText(createNdjsonEncoder(head), [{ source: 0, page }]);
      assertEquals(text, whole);
      const read = text.split("\n").slice(0, -1).map((line) => {
        const { timestamp, smart_meter_id: _, ...values } = JSON.parse(line);
        return [Date.parse(timestamp), ...Object.values(values)];
      });
      const expected = rowsOf(page).map(([timeMs, ...texts]) => [
        timeMs,
        ...texts.map((value) => value === "" ? null : Number(value)),
      ]);
      assertEquals(read, expected);
    }),
    { numRuns: 12 },
  );
});
