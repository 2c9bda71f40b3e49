import { atomToGreenButtonJson } from "@cityssm/green-button-parser";
import { validateXML } from "xmllint-wasm";
import { createEspiEncoder } from "../../data/encoders/espi.ts";
import type { Page } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { assertEquals } from "@std/assert";
import { encodedParts, fileHead, metricColumns } from "../support/encoded.ts";

const SCHEMAS = new URL("../../../shared/data/espi_xsd/", import.meta.url);
const START_MS = Date.UTC(2024, 2, 30, 22);
const QUARTER_MS = 900_000;

/** The values of each metric as integers, with so many decimals, in two days of quarters of an hour. */
const DECIMALS = [3, 1, 1, 2];
const COUNT = 192;
const VALUES: readonly ((index: number) => number)[] = [
  (index) => index % 7 === 3 ? NaN : index,
  (index) => -10 * index - 5,
  () => 2301,
  (index) => index === 5 ? NaN : 25,
];
/** The days have the change of the clock of Europe in them. */
const PAGE: Page = {
  timesMs: Float64Array.from({ length: COUNT }, (_, index) => START_MS + index * QUARTER_MS),
  columns: DECIMALS.map((scale, metric) => ({
    scale,
    values: Float64Array.from({ length: COUNT }, (_, index) => VALUES[metric](index)),
  })),
};

function feedOf(profile: Profile, decimals: readonly (number | null)[], sources: string[]): string {
  const columns = metricColumns(profile).map((column, index) => ({
    ...column,
    decimals: decimals[index],
  }));
  const head = fileHead({
    profile: profile.name,
    sources,
    columns,
    zone: "Europe/Berlin",
    interval: "15m",
    intervalMs: QUARTER_MS,
  });
  const pages = sources.map((_, source) => ({ source, page: PAGE }));
  return encodedParts(createEspiEncoder(head), pages)
    .map((part) => new TextDecoder().decode(part)).join("");
}

function hasSchemas(): boolean {
  try {
    return Deno.statSync(SCHEMAS).isDirectory;
  } catch {
    return false;
  }
}

Deno.test({
  name: "exported XML is valid by the schema of ESPI 4.0, for a meter, two meters and a battery",
  ignore: !hasSchemas(),
  async fn() {
    const read = (fileName: string) => Deno.readTextFileSync(new URL(fileName, SCHEMAS));
    const preload = ["atom.xsd", "espi.xsd", "xml.xsd"].map((fileName) => ({
      fileName,
      contents: read(fileName),
    }));
    const feeds = [
      feedOf(PROFILES.meter, [3, 1, 1, 2], ["123"]),
      feedOf(PROFILES.meter, [3, 1, 1, null], ["a:1", "b.2"]),
      feedOf(PROFILES.battery, [3, 1, 1, 2], ["b-1"]),
    ];
    for (const contents of feeds) {
      const validate = (xml: string) =>
        validateXML({
          xml: [{ fileName: "feed.xml", contents: xml }],
          schema: [{ fileName: "feed.xsd", contents: read("feed.xsd") }],
          preload,
        });
      const { valid, errors } = await validate(contents);
      assertEquals([valid, errors], [true, []]);
      // The validator does look at readings.
      const broken = await validate(
        contents.replace("</start></timePeriod>", ".5</start></timePeriod>"),
      );
      assertEquals(broken.valid, false);
    }
  },
});

Deno.test("a parser of Green Button files reads the times, units and exact values back", async () => {
  const { entries } = await atomToGreenButtonJson(feedOf(PROFILES.meter, [3, 1, 1, 2], ["123"]));
  const contents = entries.map(({ content }) => content);
  const types = contents.flatMap((content) => content.ReadingType ?? []);
  assertEquals(
    types.map(({ uom, powerOfTenMultiplier }) => [Number(uom), Number(powerOfTenMultiplier)]),
    [[72, 0], [38, 2], [29, -1], [5, -2]],
  );
  const blocks = entries.filter(({ content }) => content.IntervalBlock !== undefined);
  for (const [metric, valueOf] of VALUES.entries()) {
    const up = `/MeterReading/${metric + 1}/IntervalBlock`;
    const readings = blocks.filter(({ links }) => JSON.stringify(links).includes(up))
      .flatMap(({ content }) => content.IntervalBlock ?? [])
      .flatMap(({ IntervalReading = [] }) => IntervalReading);
    const found = readings.map(({ timePeriod, value }) => [
      Number(timePeriod?.start) * 1000,
      Number(timePeriod?.duration),
      Number(value),
    ]);
    const expected = Array.from(PAGE.timesMs, (timeMs, index) => [timeMs, 900, valueOf(index)])
      .filter(([, , value]) => !Number.isNaN(value));
    assertEquals(found, expected, PROFILES.meter.metrics[metric].name);
  }
  const clock = contents.find((content) => content.LocalTimeParameters !== undefined);
  assertEquals(clock?.LocalTimeParameters?.dstStartRule, "3E0E2000");
});
