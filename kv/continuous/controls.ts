/**
 * What users ask of continuous export, for each device of which they did.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_order", id]` | {@link ExportControls} | users' requests, and the process that carries them out, under a check of what was read |
 *
 * @module
 */

import { z } from "zod";

const SPACE = "lake_order";

const orderSchema = z.object({
  v: z.literal(1),
  isPaused: z.boolean(),
  isRunAsked: z.boolean(),
  replays: z.array(z.object({ fromMs: z.number(), toMs: z.number() })),
});

/**
 * What is asked: to rest, to look at the device now, and to write the windows of some spans (epoch
 * milliseconds) anew, one after the other.
 */
export type ExportControls = z.infer<typeof orderSchema>;

/** Nothing. */
export const NO_CONTROLS: ExportControls = {
  v: 1,
  isPaused: false,
  isRunAsked: false,
  replays: [],
};

/** What is asked of the export of a device. */
export async function getExportControls(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<ExportControls> {
  const { value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? NO_CONTROLS : orderSchema.parse(value);
}

/** The orders of all devices of which anything is asked, by id. */
export async function listExportControls(
  kv: Pick<Deno.Kv, "list">,
): Promise<Map<string, ExportControls>> {
  const orders = new Map<string, ExportControls>();
  for await (const { key, value } of kv.list({ prefix: [SPACE] })) {
    orders.set(String(key[1]), orderSchema.parse(value));
  }
  return orders;
}

/** Changes what is asked, as often as others come in between; the orders afterwards. */
export async function changeExportControls(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  change: (orders: ExportControls) => ExportControls,
): Promise<ExportControls> {
  const key = [SPACE, id];
  for (;;) {
    const entry = await kv.get(key);
    const orders = change(
      entry.versionstamp === null ? NO_CONTROLS : orderSchema.parse(entry.value),
    );
    const isNothing = !orders.isPaused && !orders.isRunAsked && orders.replays.length === 0;
    const op = kv.atomic().check(entry);
    if (isNothing) op.delete(key);
    else op.set(key, orders);
    if ((await op.commit()).ok) return orders;
  }
}
