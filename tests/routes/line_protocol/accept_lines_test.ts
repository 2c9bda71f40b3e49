import { createLineReader } from "../../../data/line_protocol/line_reader.ts";
import { DEFAULT_PRECISION } from "../../../data/line_protocol/precision.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import type { IntakeResult } from "../../../kv/devices/intake.ts";
import { acceptLines, type AcceptLinesDeps } from "../../../routes/line_protocol/accept_lines.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const FIELDS = "soc_percent=1,voltage_v=400,current_a=1,temp_c=1";

/** Accepts lines with an intake, in which every measurement is a battery. */
async function accept(
  lines: readonly string[],
  accept: AcceptLinesDeps["intake"]["accept"],
): ReturnType<typeof acceptLines> {
  const precision = DEFAULT_PRECISION;
  const deps = { idTags: ["host"], now: Date.now, acceptedTimes: ACCEPTED_TIMES, log: () => {} };
  const reader = createLineReader({ ...deps, precision });
  async function* chunks() {
    for (const line of lines) yield await Promise.resolve(new TextEncoder().encode(`${line}\n`));
  }
  return await acceptLines(
    {
      ...deps,
      intake: { accept, reject: () => Promise.resolve() },
      profiles: { ensure: () => Promise.resolve(PROFILES.battery) },
    },
    { reader, precision, mayTouch: undefined },
    chunks(),
  );
}

Deno.test("a request waits two seconds at most, however many of its devices send too often", async () => {
  let calls = 0;
  const lines = Array.from({ length: 126 }, (_, index) => `m,host=h${index} ${FIELDS}`);
  const limited: IntakeResult = { kind: "limited", waitMs: 1_050 };
  const result = await accept(lines, () => {
    calls++;
    return Promise.resolve(limited);
  });
  assertEquals(result?.waitMs, 1_050);
  // 125 at a time: they try again after their wait, the last one finds no time left.
  assertEquals(calls, 2 * 125 + 1);
});

Deno.test("points that were read are stored even if a later one cannot be", async () => {
  const ids: string[] = [];
  const lines = ["a", "b", "c"].map((id) => `m,host=${id} ${FIELDS}`);
  await assertRejects(
    () =>
      accept(lines, async ({ id }) => {
        await Promise.resolve();
        if (id === "a") throw new Error("disk full");
        ids.push(id);
        return { kind: "accepted", created: 1, updated: 0, unchanged: 0, remaining: 1 };
      }),
    Error,
    "disk full",
  );
  assertEquals(ids, ["b", "c"]);
});
