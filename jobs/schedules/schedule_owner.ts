/**
 * Whether the owner of a schedule may still use the service: a schedule is as good as the key that made
 * it.
 *
 * @module
 */

import { type Caller, createCaller, type Patterns } from "../../data/access/caller.ts";
import { type Key, keyState } from "../../data/access/key.ts";
import { type LinkMaker, makerOf } from "../../data/access/link.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import type { FoundOwner } from "./schedule_contract.ts";
import { untouchable } from "./schedule_request.ts";

/** What is needed to find owners. */
export interface OwnerDeps {
  /** Who a maker is now; null if they may not use the service any more. */
  readonly findMaker: (maker: LinkMaker) => Caller | null | Promise<Caller | null>;
  /** A key; null if there is none with this id. */
  readonly getKey: (id: string) => Promise<Key | null>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Finds the owner of a schedule with the rights of now. */
export async function findOwner(deps: OwnerDeps, schedule: ScheduleRecord): Promise<FoundOwner> {
  const maker = makerOf(schedule.owner);
  const found = await deps.findMaker(maker);
  if (found === null) return stopped(await reasonOf(deps, maker));
  const caller = maker.kind === "key" ? found : unnamedCaller(schedule);
  if (!caller.scopes.has("export")) {
    return stopped("Its key does not have the scope export any more");
  }
  const hidden = untouchable(schedule, caller);
  return hidden === null
    ? { caller, reason: null }
    : stopped(`Its key may not touch ${hidden} any more`);
}

function stopped(reason: string): FoundOwner {
  return { caller: null, reason };
}

async function reasonOf({ getKey, now }: OwnerDeps, maker: LinkMaker): Promise<string> {
  if (maker.kind === "oidc") {
    return "It was made with a token, which the service does not accept now";
  }
  if (maker.kind === "anyone") return "It was made without a key, which the service asks for now";
  const key = await getKey(maker.id);
  switch (key === null ? null : keyState(key, now())) {
    case "revoked":
      return "The key that made it was revoked";
    case "expired":
      return "The key that made it has expired";
    case "active":
      return "It was made with a key, which the service does not accept now";
    default:
      return "The key that made it does not exist any more";
  }
}

/** An owner whose rights cannot be looked up: those of when the schedule was made. */
function unnamedCaller(
  { owner, patterns }: { owner: string; patterns: Patterns },
): Caller {
  const actor = { kind: "anonymous", id: owner, name: owner } as const;
  return createCaller({ owner, actor, scopes: ["export"], patterns });
}
