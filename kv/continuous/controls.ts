/**
 * What users have requested of continuous export: pausing, running now and replaying, per device.
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

const controlsSchema = z.object({
  v: z.literal(1),
  isPaused: z.boolean(),
  isRunAsked: z.boolean(),
  replays: z.array(z.object({ fromMs: z.number(), toMs: z.number() })),
});

/**
 * The controls of a device's export: whether it is paused, whether it must run now, and the spans
 * (epoch milliseconds) whose windows must be written again, in order.
 */
export type ExportControls = z.infer<typeof controlsSchema>;

/** Nothing requested. */
export const NO_CONTROLS: ExportControls = {
  v: 1,
  isPaused: false,
  isRunAsked: false,
  replays: [],
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
  const key = [SPACE, id];
  for (;;) {
    const entry = await kv.get(key);
    const controls = change(
      entry.versionstamp === null ? NO_CONTROLS : controlsSchema.parse(entry.value),
    );
    const isEmpty = !controls.isPaused && !controls.isRunAsked && controls.replays.length === 0;
    const op = kv.atomic().check(entry);
    if (isEmpty) op.delete(key);
    else op.set(key, controls);
    if ((await op.commit()).ok) return controls;
  }
}
