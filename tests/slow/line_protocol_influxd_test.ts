/** The cases of line protocol as a real InfluxDB 1 reads them. */

import { assert, assertEquals } from "../support/assert.ts";
import { hasInfluxd, type Influxd, startInfluxd } from "../support/influxd.ts";
import { KEYS, NUMBERS, STRINGS, WRONG } from "../support/line_protocol_cases.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const isThere = await hasInfluxd();
if (Deno.env.has("REQUIRE_ALL")) assert(isThere, "influxd is required");

/** What InfluxDB 1.6.7 accepts, although the newer grammar does not have it. */
const ACCEPTED_THERE = ['m,host=a v="a"b'];

/** The values of field `v` and the tags of the series, of what a line stored. */
interface Stored {
  readonly name: string;
  readonly tags?: Record<string, string>;
  readonly values: readonly (readonly unknown[])[];
}

/** Writes a line to an empty database. Returns the error, or what it stored. */
async function store({ url, run }: Influxd, line: string): Promise<string | Stored | null> {
  await run("DROP DATABASE cases");
  await run("CREATE DATABASE cases");
  const answer = await fetch(`${url}/write?db=cases`, { method: "POST", body: line });
  const text = await answer.text();
  if (!answer.ok) return JSON.parse(text).error;
  const q = encodeURIComponent("SELECT * FROM /.*/ GROUP BY *");
  const result = await fetch(`${url}/query?db=cases&epoch=ms&q=${q}`);
  const { results: [{ series = [null] }] } = await result.json();
  return series[0];
}

Deno.test({
  name:
    "InfluxDB stores the numbers, keys and strings of the cases, and drops the lines that are wrong",
  ignore: !isThere,
  async fn() {
    await using folder = await makeTempFolder();
    await using influxd = await startInfluxd(folder.path);
    const valueOf = async (line: string) => {
      const stored = await store(influxd, line);
      assert(stored !== null && typeof stored !== "string", `${line}: ${stored}`);
      return stored;
    };
    // It was built without unsigned integers.
    for (const [text, value] of NUMBERS.filter(([text]) => !text.endsWith("u"))) {
      const { values: [[, stored]] } = await valueOf(`m v=${text}`);
      assertEquals(Number(stored), value, text);
    }
    for (const text of STRINGS) {
      const { values } = await valueOf(`m s=${text},v=1`);
      assertEquals([values.length, values[0][2]], [1, 1], text);
    }
    for (const [key, measurement, tags] of KEYS) {
      const stored = await valueOf(`${key} v=1`);
      assertEquals([stored.name, stored.tags ?? {}], [measurement, tags]);
    }
    for (const [line] of WRONG) {
      const isError = typeof await store(influxd, line) === "string";
      assertEquals(isError, !ACCEPTED_THERE.includes(line), line);
    }
  },
});
