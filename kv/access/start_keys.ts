/**
 * The keys that a start makes: the one of the setting `ADMIN_KEY`, or else a first one.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["first_key"]` | `{ v: 1, isShown, atMs }` | a start that makes a first key: before it, and after it was shown |
 *
 * A first key is shown once, to who started the service. If the process ends between making and
 * showing it, nobody knows the key, and nobody could make another. So the next start finds that it
 * was not shown, revokes it and makes another one. If the process ends between showing it and storing
 * that, the next start does the same, so the key shown last is the one that counts. A key that has
 * been used meanwhile was seen, so it stays.
 *
 * @module
 */

import { z } from "zod";
import type { KeyParts } from "../../data/access/key_text.ts";
import { SERVICE_ACTOR } from "../../data/audit/event.ts";
import type { AuditAction } from "../../data/audit/actions.ts";
import type { Audit } from "../audit/audit.ts";
import type { KeyStore } from "./keys.ts";

const SPACE = "first_key";
const KEY = [SPACE];
/** The name of the key of the setting. */
const SETTING_NAME = "ADMIN_KEY";
/** The name of a first key. */
const FIRST_NAME = "First key";
/** How long a start that makes a first key has over a shared database, milliseconds. */
const SHOWING_MS = 10_000;

const recordSchema = z.object({ v: z.literal(1), isShown: z.boolean(), atMs: z.number() });

/** What a start needs for its keys. */
export interface StartKeysDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "set" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** The keys. */
  readonly keys: Pick<
    KeyStore,
    "importKey" | "createFirst" | "revoke" | "list" | "listUses" | "hasActiveAdmin"
  >;
  /** The audit trail. */
  readonly audit: Pick<Audit, "record">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The key of the setting; null for none. */
  readonly adminKey: KeyParts | null;
  /** Shows the text of a first key. It must throw if nobody can have seen it. */
  readonly show: (text: string) => void;
}

/**
 * Makes the key of the setting, and revokes the one of an earlier setting. Then, unless a key that
 * may do everything counts, makes a first one and shows it.
 */
export async function startKeys(deps: StartKeysDeps): Promise<void> {
  await followSetting(deps);
  await showFirst(deps);
}

/** The key of a setting lives as long as the setting: the API cannot change it. */
async function followSetting({ keys, audit, adminKey }: StartKeysDeps): Promise<void> {
  if (adminKey !== null && await keys.importKey(adminKey, SETTING_NAME)) {
    await audit.record(event("key.create", adminKey.id));
  }
  for (const { id, origin, revokedMs } of await keys.list()) {
    if (origin !== "setting" || revokedMs !== null || id === adminKey?.id) continue;
    await keys.revoke(id, { isForced: true });
    await audit.record(event("key.revoke", id));
  }
}

async function showFirst(deps: StartKeysDeps): Promise<void> {
  const { kv, isExclusive, keys, audit, now, show } = deps;
  const entry = await kv.get(KEY);
  const record = entry.value === null ? null : recordSchema.parse(entry.value);
  if (record !== null && !record.isShown) {
    // Another process may be about to show it.
    if (!isExclusive && now() - record.atMs < SHOWING_MS) return;
    await revokeUnseen(deps);
  }
  if (await keys.hasActiveAdmin()) return;
  const begun = { v: 1, isShown: false, atMs: now() };
  const { ok } = await kv.atomic().check(entry).set(KEY, begun).commit();
  // Another process makes one.
  if (!ok) return;
  const first = await keys.createFirst(FIRST_NAME);
  if (first !== null) {
    await audit.record(event("key.create", first.key.id));
    show(first.text);
  }
  await kv.set(KEY, { ...begun, isShown: true });
}

/** Revokes first keys that nobody can have seen. */
async function revokeUnseen({ keys, audit }: StartKeysDeps): Promise<void> {
  const uses = await keys.listUses();
  for (const { id, origin, revokedMs } of await keys.list()) {
    if (origin !== "first" || revokedMs !== null || uses.has(id)) continue;
    await keys.revoke(id, { isForced: true });
    await audit.record(event("key.revoke", id));
  }
}

function event(action: AuditAction, id: string): Parameters<Audit["record"]>[0] {
  return {
    caller: { actor: SERVICE_ACTOR },
    address: null,
    action,
    subject: { kind: "key", id },
    outcome: "done",
  };
}
