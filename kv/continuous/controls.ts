/**
 * What users have requested of continuous export: pausing, running now, replaying, and deleting
 * objects, per device.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_order", id]` | {@link ExportControls}; no record if nothing is requested | requests of users, and the process that carries them out, checked against the version that was read |
 *
 * The stored names, the key's first part and `isRunAsked`, are those of earlier versions, so that
 * their databases still open.
 *
 * @module
 */

import { z } from "zod";

const SPACE = "lake_order";

const erasureSchema = z.object({
  jobId: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  reachedMs: z.number(),
  days: z.int(),
  daysDone: z.int(),
  deleted: z.int(),
  rewritten: z.int(),
  isKept: z.boolean().optional(),
  state: z.enum(["waiting", "done", "refused"]),
});

const controlsSchema = z.object({
  v: z.literal(1),
  isPaused: z.boolean(),
  isRunAsked: z.boolean(),
  replays: z.array(z.object({ fromMs: z.number(), toMs: z.number() })),
  // Absent in records of earlier versions.
  erasures: z.array(erasureSchema).default([]),
});

/**
 * The controls of a device's export: whether it is paused, whether it must run now, the spans
 * (epoch milliseconds) whose windows must be written again, in order, and the erasures.
 */
export type ExportControls = z.infer<typeof controlsSchema>;

/**
 * A request of a deletion job: objects must not have readings any more that were deleted from a span
 * (epoch milliseconds).
 *
 * - Everything before `reachedMs` is done; `daysDone` of `days` days that may have objects.
 * - `deleted` windows lost their last reading, `rewritten` ones were written again.
 * - `isKept`: some windows so far cannot be written again, as the source has lost other readings of them.
 * - `refused`: there were such windows, or the source may lose readings, so that nothing was erased.
 *
 * The job removes it when it has seen its end. The exporting process removes it in place of that if the
 * job has ended before.
 */
export type Erasure = z.infer<typeof erasureSchema>;

/** Nothing requested. */
export const NO_CONTROLS: ExportControls = {
  v: 1,
  isPaused: false,
  isRunAsked: false,
  replays: [],
  erasures: [],
};

/** The controls of a device's export. */
export async function getExportControls(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<ExportControls> {
  const { value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? NO_CONTROLS : controlsSchema.parse(value);
}

/** The controls of every device for which something is requested, by device id. */
export async function listExportControls(
  kv: Pick<Deno.Kv, "list">,
): Promise<Map<string, ExportControls>> {
  const controls = new Map<string, ExportControls>();
  for await (const { key, value } of kv.list({ prefix: [SPACE] })) {
    controls.set(String(key[1]), controlsSchema.parse(value));
  }
  return controls;
}

/** Changes the controls of a device, again if others change them meanwhile. Returns the new ones. */
export async function changeExportControls(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  change: (controls: ExportControls) => ExportControls,
): Promise<ExportControls> {
  for (;;) {
    const changed = await tryChange(kv, id, { change, checks: [] });
    if (changed !== null) return changed;
  }
}

/** Changes the controls of a device; null if they or what `checks` names has changed meanwhile. */
async function tryChange(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { change, checks }: {
    change: (controls: ExportControls) => ExportControls;
    checks: readonly Deno.AtomicCheck[];
  },
): Promise<ExportControls | null> {
  const key = [SPACE, id];
  const entry = await kv.get(key);
  const controls = change(
    entry.versionstamp === null ? NO_CONTROLS : controlsSchema.parse(entry.value),
  );
  const isEmpty = !controls.isPaused && !controls.isRunAsked &&
    controls.replays.length === 0 && controls.erasures.length === 0;
  const op = kv.atomic().check(entry, ...checks);
  if (isEmpty) op.delete(key);
  else op.set(key, controls);
  return (await op.commit()).ok ? controls : null;
}

/** The erasures that wait for the process that exports the device. */
export function waitingErasures({ erasures }: ExportControls): readonly Erasure[] {
  return erasures.filter(({ state }) => state === "waiting");
}

/** Replaces an erasure by its state of now; null removes it. Does nothing if it is gone. */
export async function moveErasure(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { jobId, to }: { jobId: string; to: Erasure | null },
): Promise<void> {
  await changeExportControls(kv, id, replaced(jobId, to));
}

/** The same, once, under the version of its job. False if something has changed meanwhile. */
export async function tryMoveErasure(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { jobId, to, check }: { jobId: string; to: Erasure | null; check: Deno.AtomicCheck },
): Promise<boolean> {
  return await tryChange(kv, id, { change: replaced(jobId, to), checks: [check] }) !== null;
}

/** Removes the erasures of a job that is not to be carried out any further. */
export async function withdrawErasures(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  { jobId, ids }: { jobId: string; ids: readonly string[] },
): Promise<void> {
  for (const id of ids) {
    const { erasures } = await getExportControls(kv, id);
    if (erasures.some((one) => one.jobId === jobId)) await moveErasure(kv, id, { jobId, to: null });
  }
}

function replaced(
  jobId: string,
  to: Erasure | null,
): (controls: ExportControls) => ExportControls {
  return (controls) => ({
    ...controls,
    erasures: controls.erasures.flatMap((one) => one.jobId !== jobId ? [one] : to ?? []),
  });
}
