import {
  createCheckpointMoves,
  getExportCheckpoint,
  moveExportCheckpoint,
} from "../../../kv/continuous/checkpoints.ts";
import { assertEquals } from "../../support/assert.ts";
import { NEW_CHECKPOINT } from "../../support/checkpoints.ts";
import { strictKv } from "../../support/strict_kv.ts";

const IDS = Array.from({ length: 20 }, (_, index) => `D${index}`);

Deno.test("checkpoints of many devices move in few commits, each with what goes with it", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"), {});
  const move = createCheckpointMoves(kv);
  const versions = await Promise.all(
    IDS.map((id) =>
      move(id, { from: null, to: NEW_CHECKPOINT, also: (op) => op.set(["also", id], id) })
    ),
  );
  // Nine checks each, as many as KV Connect allows with one to spare.
  assertEquals(kv.commits(), 3);
  for (const [index, id] of IDS.entries()) {
    const entry = await getExportCheckpoint(kv, id);
    assertEquals(entry, { value: NEW_CHECKPOINT, versionstamp: String(versions[index]) });
    assertEquals((await kv.get(["also", id])).value, id);
  }
});

Deno.test("a checkpoint that another process has moved stays, and the others move", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"), {});
  const move = createCheckpointMoves(kv);
  await moveExportCheckpoint(kv, "D3", { from: null, to: { ...NEW_CHECKPOINT, nextMs: 9 } });
  const to = { ...NEW_CHECKPOINT, nextMs: 5 };
  const versions = await Promise.all(
    IDS.map((id) => move(id, { from: null, to, also: (op) => op.set(["also", id], id) })),
  );
  assertEquals(IDS.filter((_, index) => versions[index] === null), ["D3"]);
  for (const id of IDS) {
    const moved = (await getExportCheckpoint(kv, id))?.value.nextMs;
    const { value: also } = await kv.get(["also", id]);
    assertEquals([moved, also], id === "D3" ? [9, null] : [5, id]);
  }
});

Deno.test("a move that comes during a commit is in the next one", async () => {
  let committing = 0;
  const door = Promise.withResolvers<void>();
  using kv = strictKv(await Deno.openKv(":memory:"), {
    async before({ kind }) {
      if (kind === "commit" && ++committing === 1) await door.promise;
    },
  });
  const move = createCheckpointMoves(kv);
  const moves = [move("D0", { from: null, to: NEW_CHECKPOINT })];
  while (committing === 0) await new Promise((resolve) => setTimeout(resolve));
  for (const id of ["D1", "D2"]) moves.push(move(id, { from: null, to: NEW_CHECKPOINT }));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(committing, 1);
  door.resolve();
  const [first, second, third] = await Promise.all(moves);
  assertEquals(committing, 2);
  assertEquals([first === second, second === third], [false, true]);
});
