import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { type NameValues, readNameTemplate } from "../../../data/notify/name_template.ts";
import { amount } from "../../support/thorough.ts";

const VALUES: NameValues = {
  texts: {
    meter: "DE:001",
    source: "DE:001",
    profile: "meter",
    interval: "15m",
    format: "csv",
    ext: "csv.gz",
    filename: "smart_meter_DE_001_20240201_20240229.csv.gz",
    job: "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a",
  },
  // Midnight of 1 February 2024 in Berlin, the last millisecond of that month, and 06:05:07 in March.
  timesMs: {
    start: Date.parse("2024-02-01T00:00:00+01:00"),
    end: Date.parse("2024-02-29T23:59:59.999+01:00"),
    created: Date.parse("2024-03-01T06:05:07+01:00"),
  },
  zone: "Europe/Berlin",
};

Deno.test("a template makes a name of texts and of times on the clock of the zone", () => {
  const nameOf = (template: string) => readNameTemplate(template).render(VALUES);
  assertEquals(nameOf("{meter}/{start:yyyy-MM}.csv"), "DE_001/2024-02.csv");
  assertEquals(nameOf("{filename}"), "smart_meter_DE_001_20240201_20240229.csv.gz");
  assertEquals(nameOf("{start:yyyy/MMM}/{end:d}.{ext}"), "2024/Feb/29.csv.gz");
  assertEquals(nameOf("{start}_{end}"), "2024-02-01_2024-02-29");
  assertEquals(nameOf("x{created:yyMMdd'T'HHmmss}.{format}"), "x240301T060507.csv");
  assertEquals(
    nameOf("{profile}-{interval}-{job}"),
    "meter-15m-4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a",
  );
});

Deno.test("a template shows the clock in the repeated hour and before a change of the clocks", () => {
  const at = (time: string, zone: string) =>
    readNameTemplate("{start:yyyyMMddHHmm}").render({
      texts: {},
      timesMs: { start: Date.parse(time) },
      zone,
    });
  // Lord Howe is 10:30 ahead in winter and 11:00 in summer; its clocks went back on 7 April 2024 at 2:00.
  assertEquals(at("2024-04-06T14:45:00Z", "Australia/Lord_Howe"), "202404070145");
  assertEquals(at("2024-04-06T15:15:00Z", "Australia/Lord_Howe"), "202404070145");
  assertEquals(at("2024-12-31T18:20:00Z", "Asia/Kathmandu"), "202501010005");
});

Deno.test("readNameTemplate() names everything that is wrong with a template at once", () => {
  const error = assertThrows(
    () => readNameTemplate("/..//{site}{end:yyyy QQ}/nul.csv/x:{y"),
    SyntaxError,
  );
  for (
    const part of [
      "must not begin with /",
      "no name in it must begin with a dot",
      "each / must have a name on both sides",
      "{site} must be one of {meter}",
      "QQ in {end} must be among yyyy",
      "nul.csv must not be a name",
      "it may have A-Z a-z 0-9",
      "each { must have its }",
    ]
  ) assert(error.message.includes(part), `${part} in ${error.message}`);
});

Deno.test("readNameTemplate() refuses names that leave their folder, hide, or mean a device", () => {
  for (
    const template of [
      "",
      "/etc/passwd",
      "../x.csv",
      "a/../x.csv",
      "a/./x.csv",
      "a//x.csv",
      "a/",
      ".hidden",
      "a/.unfinished/x",
      "x.",
      "x.part",
      "a\\x.csv",
      "C:x.csv",
      "a\u0000.csv",
      "a\r\nb.csv",
      "a b.csv",
      "Zähler.csv",
      "CON",
      "com1.csv",
      "a/Lpt9.txt",
      "{start:'..'/}x",
      "{start:yyyy'/../'}x",
      "{start:}",
      "{start:yyyy",
      "{start:'open}",
      "{meter:yyyy}",
      "{Meter}",
      "{}",
      "x}",
      "x".repeat(256),
      "{filename}{filename}",
      "x".repeat(301),
    ]
  ) assertThrows(() => readNameTemplate(template), SyntaxError, "Cannot use as a name", template);
});

Deno.test("readNameTemplate() refuses a field without a value, such as the meter of many", () => {
  assertThrows(
    () => readNameTemplate("{meter}.csv", ["filename", "start"]),
    SyntaxError,
    "{meter} has no value here",
  );
});

Deno.test("no value leads out of the folder, whatever an id is", () => {
  const idText = fc.string({
    unit: fc.constantFrom(..."ABCNULcon.partX019_.:-"),
    minLength: 1,
    maxLength: 9,
  });
  const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.oneof(idText, anyText), fc.boolean(), (id, isAlone) => {
      const template = readNameTemplate(isAlone ? "a/{meter}" : "{meter}/{meter}{meter}/b.csv");
      const name = template.render({ ...VALUES, texts: { meter: id } });
      const parts = name.split("/");
      assertEquals(parts.length, isAlone ? 2 : 3);
      for (const part of parts) {
        assert(
          /^[A-Za-z0-9_=+@,()-](?:[A-Za-z0-9_.=+@,()-]*[A-Za-z0-9_=+@,()-])?$/.test(part),
          name,
        );
        assert(!/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part) && !/\.part$/i.test(part), name);
      }
    }),
    { numRuns: amount({ quick: 30, thorough: 300 }) },
  );
});
