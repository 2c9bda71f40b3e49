import { createDispatcher } from "../../jobs/engine/dispatcher.ts";
import { openDueScan } from "../../kv/jobs/due.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { withPromptAnswers } from "../../kv/prompt_answers.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { DAY, METER, meterPage } from "../support/series.ts";
import { withSlowAcks } from "../support/slow_acks.ts";
import { createWorkerRig, textKind } from "../support/worker_rig.ts";

/** What is done a few times. */
type Act = (kv: Deno.Kv) => Promise<void>;

/** How many times something waited for a delayed acknowledgement, with prompt answers or without. */
async function holdsOf(isPrompt: boolean, act: Act): Promise<number> {
  using slow = withSlowAcks(await Deno.openKv(":memory:"));
  const kv = isPrompt ? withPromptAnswers(slow.kv) : slow.kv;
  try {
    await act(kv);
    return slow.holds();
  } finally {
    kv.close();
  }
}

async function commitMany(kv: Deno.Kv): Promise<void> {
  for (let index = 0; index < 5; index++) {
    const op = kv.atomic();
    for (let entry = 0; entry < 50; entry++) op.set(["many", entry], `${index} ${entry}`);
    await op.commit();
  }
}

/** What five POSTs of telemetry commit, each of several readings. */
async function ingestFive(kv: Deno.Kv): Promise<void> {
  const ingest = createIngest({ kv, writer: "w" });
  for (let post = 0; post < 5; post++) {
    const rows = Array.from({ length: 200 }, (_, row) => [DAY + post * 1e6 + row, `${row * 7}`]);
    await ingest.add(METER, meterPage(...rows as [number, string][]));
  }
  await ingest.stop();
}

/** Five jobs one after the other, from their creation to their end, and nothing else at the same time. */
async function runFive(kv: Deno.Kv): Promise<void> {
  const { close } = kv;
  // The rig leaves that to whoever has opened it.
  kv.close = () => {};
  {
    await using rig = await createWorkerRig(kv, { hasQueue: false });
    let ended = Promise.withResolvers<string>();
    const dispatcher = createDispatcher({
      kv,
      now: rig.now,
      log: () => {},
      owner: "me",
      kinds: [textKind(rig.files, () => Promise.resolve("x"))],
      files: rig.files,
      concurrency: 1,
      onRoom: () => {},
      onEnded: (id) => ended.resolve(id),
      fileRetentionMs: 1,
      jobRetentionMs: 1,
    });
    for (let job = 0; job < 5; job++) {
      ended = Promise.withResolvers();
      const { id } = await rig.ask();
      await dispatcher.onTurns(openDueScan(kv, { upToMs: 0 }).nextTurn);
      assertEquals(await ended.promise, id);
    }
  }
  kv.close = close;
}

const ACTS: readonly [what: string, act: Act, least: number][] = [
  ["a commit of 50 entries", commitMany, 5],
  ["a commit of readings", ingestFive, 3],
  ["a job", runFive, 5],
];

for (const [what, act, least] of ACTS) {
  Deno.test(`with prompt answers, ${what} does not wait for a delayed acknowledgement`, async () => {
    const bare = await holdsOf(false, act);
    assert(bare >= least, `${bare} holds without prompt answers`);
    const prompt = await holdsOf(true, act);
    // On a busy machine, two timers may be due before either fires.
    assert(prompt <= bare / 5, `${prompt} holds instead of ${bare}`);
  });
}
