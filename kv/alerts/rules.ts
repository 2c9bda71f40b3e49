/**
 * The rules of alerts.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["alert", id]` | {@link AlertRule} without its id | whoever makes or changes a rule, under a check of its version |
 * | `["alert"]` | `true`; its versionstamp is that of the last change of a rule or a maintenance window | with every change |
 *
 * Each change also asks for a pass over what the rule watches (`passes.ts`).
 *
 * @module
 */

import { z } from "zod";
import { type AlertRule, SEVERITIES } from "../../data/alerts/rule.ts";
import { AppError } from "../../data/app_error.ts";
import { ALERTS_MAX } from "../../data/limits.ts";
import type { Staging } from "../budget.ts";
import { stageAlertPass } from "./passes.ts";
import { patternsSchema, scopeSchema } from "./scope_record.ts";

const SPACE = "alert";
const LIST_BATCH = 100;

const forMs = z.number();

const conditionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("offline"), forMs }),
  z.object({ type: z.literal("no_data"), forMs }),
  z.object({ type: z.literal("down"), forMs }),
  z.object({
    type: z.enum(["above", "below"]),
    metric: z.string(),
    limit: z.number(),
    clearAt: z.number(),
    forMs,
  }),
  z.object({
    type: z.literal("change"),
    metric: z.string(),
    by: z.number(),
    direction: z.enum(["rise", "fall", "any"]),
    withinMs: z.number(),
    forMs,
  }),
]);

const ruleSchema = z.object({
  v: z.literal(1),
  name: z.string(),
  note: z.string().nullable(),
  severity: z.enum(SEVERITIES),
  isEnabled: z.boolean(),
  scope: scopeSchema,
  condition: conditionSchema,
  resolveAfterMs: z.number(),
  groupMs: z.number(),
  damping: z.object({ firings: z.number(), withinMs: z.number(), calmMs: z.number() }).nullable(),
  notify: z.object({ email: z.array(z.string()), webhook: z.array(z.string()) }),
  owner: z.string(),
  patterns: patternsSchema,
  revision: z.int(),
  createdMs: z.number(),
  changedMs: z.number(),
});

/** A rule and the version at which it was read. */
export interface AlertRuleEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The rule. */
  readonly rule: AlertRule;
  /** The version of its last change. */
  readonly versionstamp: string;
}

/** Reads a rule; null if there is none. */
export async function getAlertRule(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<AlertRuleEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : entryOf({ key, value, versionstamp });
}

/** All rules in the order of their ids. */
export async function listAlertRules(kv: Pick<Deno.Kv, "list">): Promise<AlertRuleEntry[]> {
  const entries = kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH });
  return await Array.fromAsync(entries, entryOf);
}

/** The version of the last change of any rule or maintenance window; null if there never was one. */
export async function lastAlertChange(kv: Pick<Deno.Kv, "get">): Promise<string | null> {
  return (await kv.get([SPACE])).versionstamp;
}

/** Records in a commit that rules or maintenance windows change. */
export function stageAlertChange(op: Staging): void {
  op.set([SPACE], true);
}

/** Sets a rule. */
export function stageAlertRule(op: Staging, { id, ...rule }: AlertRule): void {
  op.set([SPACE, id], { v: 1, ...rule });
  stageAlertChange(op);
}

/** Deletes a rule. */
export function stageAlertRuleDelete(op: Staging, id: string): void {
  op.delete([SPACE, id]);
  stageAlertChange(op);
}

/** Makes a commit fail if a rule changed since it was read. */
export function stageAlertRuleCheck(
  op: Pick<Deno.AtomicOperation, "check">,
  { key, versionstamp }: Pick<AlertRuleEntry, "key" | "versionstamp">,
): void {
  op.check({ key, versionstamp });
}

/**
 * Makes a rule. It is judged from the next round of the duty on.
 *
 * @throws {AppError} TOO_MANY_ALERTS.
 */
export async function createAlertRule(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  rule: AlertRule,
): Promise<void> {
  if ((await listAlertRules(kv)).length >= ALERTS_MAX) {
    throw new AppError("TOO_MANY_ALERTS", `There can be at most ${ALERTS_MAX} alerts`);
  }
  const op = kv.atomic();
  stageAlertRule(op, rule);
  stageAlertPass(op, rule.id);
  await op.commit();
}

/**
 * Changes a rule, or deletes it if `change` returns null. Returns what was there before and what is
 * there now; null if there was no rule.
 */
export async function changeAlertRule(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  change: (rule: AlertRule) => AlertRule | null | Promise<AlertRule | null>,
): Promise<{ readonly before: AlertRule; readonly rule: AlertRule | null } | null> {
  for (;;) {
    const entry = await getAlertRule(kv, id);
    if (entry === null) return null;
    const rule = await change(entry.rule);
    const op = kv.atomic();
    stageAlertRuleCheck(op, entry);
    if (rule === null) stageAlertRuleDelete(op, id);
    else stageAlertRule(op, rule);
    stageAlertPass(op, id);
    if ((await op.commit()).ok) return { before: entry.rule, rule };
  }
}

function entryOf({ key, value, versionstamp }: Deno.KvEntry<unknown>): AlertRuleEntry {
  const { v: _, ...rule } = ruleSchema.parse(value);
  return { key, rule: { ...rule, id: String(key[1]) }, versionstamp };
}
