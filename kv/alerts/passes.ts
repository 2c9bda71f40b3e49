/**
 * Rules whose subjects must all be looked at: those that are new, changed or deleted.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["alert_pass", id]` | `true` | the commit that makes, changes or deletes a rule; deleted when the pass is over |
 *
 * @module
 */

import type { Staging } from "../budget.ts";

const SPACE = "alert_pass";

/** A pass that is asked for. */
export interface AlertPass {
  /** The id of the rule. */
  readonly id: string;
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** Its version, for checks. */
  readonly versionstamp: string;
}

/** Asks for a pass. */
export function stageAlertPass(op: Staging, id: string): void {
  op.set([SPACE, id], true);
}

/** The passes that are asked for. */
export async function listAlertPasses(kv: Pick<Deno.Kv, "list">): Promise<AlertPass[]> {
  return await Array.fromAsync(
    kv.list({ prefix: [SPACE] }),
    ({ key, versionstamp }) => ({ id: String(key[1]), key, versionstamp }),
  );
}

/** Ends a pass, unless another one was asked for since it began. */
export async function endAlertPass(kv: Pick<Deno.Kv, "atomic">, pass: AlertPass): Promise<void> {
  await kv.atomic().check(pass).delete(pass.key).commit();
}
