import { assertEquals } from "../support/assert.ts";
import { askJson, startTestService } from "../support/service.ts";
import { linesOf, postLines } from "../support/telemetry.ts";

const FILE = new URL(
  "../../../shared/data/appliance_d1/appliance_d1_2026-02-07.jsonl",
  import.meta.url,
);

function isThere(): boolean {
  try {
    return Deno.statSync(FILE).isFile;
  } catch {
    return false;
  }
}

/** A record as the device sent it. */
interface Payload {
  readonly timestamp: string;
  readonly voltage: number;
  readonly current: number;
  readonly power: number;
  readonly temperature: number;
}

/** The readings of the file. If a time occurs twice, the later one counts. */
async function readPayloads(): Promise<{ all: Payload[]; byTime: Map<string, Payload> }> {
  const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n");
  const all = lines.map((line): Payload => {
    const { timestamp, voltage, current, power, temperature } = JSON.parse(line).original_payload;
    return { timestamp, voltage, current, power, temperature };
  });
  return { all, byTime: new Map(all.map((one) => [one.timestamp, one])) };
}

Deno.test({
  name: "the API returns the readings of a real appliance as they were sent",
  ignore: !isThere(),
  async fn() {
    const { all, byTime } = await readPayloads();
    assertEquals(all.length, 1_805);
    await using service = await startTestService();
    const messages = all.map(({ timestamp, ...metrics }) => ({
      device_id: "D1",
      timestamp,
      metrics,
    }));
    const first = (await postLines(service.url, linesOf(messages))).body;
    assertEquals([first.created, first.updated, first.rejected], [byTime.size, 0, 0]);
    assertEquals((await askJson(`${service.url}/devices/D1`)).body.profile, "appliance");
    const range = "start_time=2026-02-07T00:00:00Z&end_time=2026-02-07T23:59:59Z";
    const { data } = (await askJson(`${service.url}/devices/D1/metrics?${range}`)).body;
    const expected = [...byTime.values()].toSorted((one, other) =>
      one.timestamp < other.timestamp ? -1 : 1
    );
    assertEquals(data, expected);
    const again = (await postLines(service.url, linesOf(messages))).body;
    assertEquals([again.unchanged, again.created, again.updated], [1_805, 0, 0]);
    const { body } = await askJson(`${service.url}/devices/D1/summary?date=2026-02-07`);
    const powers = expected.map(({ power }) => power);
    assertEquals([body.count, body.summary.power.min, body.summary.power.max], [
      byTime.size,
      Math.min(...powers),
      Math.max(...powers),
    ]);
  },
});
