/**
 * Checks `notify` and `deliver` of a request against the rest of it and against the settings.
 *
 * @module
 */

import type { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import { AppError, type FieldError } from "../../data/app_error.ts";
import type { DeliveryAbilities } from "../../data/delivery_settings.ts";
import { type NameField, readNameTemplate } from "../../data/notify/name_template.ts";
import {
  DELIVER_MAX,
  type DeliverTarget,
  isBelowPlace,
  type JobTargets,
  MAIL_ADDRESSES_MAX,
  type NotifyTargets,
  TARGET_WEBHOOKS_MAX,
} from "../../data/notify/targets.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { invalidRequest } from "../http/problem.ts";
import { maySeeWebhook } from "./see_webhook.ts";
import {
  type deliverBody,
  deliverFields,
  type notifyBody,
  notifyFields,
} from "./target_schemas.ts";

/** The fields of a request. */
export interface TargetsBody {
  /** Who hears how it ended. */
  notify?: z.infer<typeof notifyBody>;
  /** Where the file goes. */
  deliver?: z.infer<typeof deliverBody>;
}

/** Adds an error: the path of the field, its value, and the rule that it breaks. */
type Refuse = (field: string, value: unknown, rule: string) => void;

/** What the fields of a request ask for; undefined if it has neither. */
export function targetsOf({ notify, deliver }: TargetsBody): JobTargets | undefined {
  if (notify === undefined && deliver === undefined) return undefined;
  return {
    ...(notify === undefined ? {} : { notify }),
    ...(deliver === undefined ? {} : { deliver }),
  };
}

/** The fields that ask for the same. */
export function targetsBody(targets: JobTargets | undefined): TargetsBody {
  const { notify, deliver } = targets ?? {};
  return {
    ...(notify === undefined ? {} : { notify: copied(notify) }),
    ...(deliver === undefined ? {} : { deliver: deliver.map(copied) }),
  };
}

/** A copy with lists of its own. */
function copied<T extends { email?: readonly string[]; webhook?: readonly string[] }>(
  { email, webhook, ...rest }: T,
) {
  return {
    ...rest,
    ...(email === undefined ? {} : { email: [...email] }),
    ...(webhook === undefined ? {} : { webhook: [...webhook] }),
  };
}

/** What of `notify` and `deliver` can be checked: the fields that are right by themselves. */
export interface TargetDraft {
  /** Those of `notify`. */
  readonly notify: NotifyTargets;
  /** Those of each place. */
  readonly deliver: readonly Partial<DeliverTarget>[];
  /** The names of all fields of each place, right or wrong. */
  readonly given: readonly ReadonlySet<string>[];
}

/** What of the fields of a body can be checked, also if the rest is wrong. */
export function draftTargets(body: unknown): TargetDraft {
  const list = partOf(body, "deliver");
  const places = Array.isArray(list) ? list.slice(0, DELIVER_MAX) : [];
  return {
    notify: rightParts(notifyFields, partOf(body, "notify")),
    deliver: places.map((place) => rightParts(deliverFields, place)),
    given: places.map((place) =>
      new Set(Object.keys(deliverFields).filter((name) => partOf(place, name) !== undefined))
    ),
  };
}

function partOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function rightParts<T extends Readonly<Record<string, z.ZodType>>>(
  fields: T,
  value: unknown,
): { [Name in keyof T]?: z.infer<T[Name]> } {
  const right = Object.entries(fields).flatMap(([name, schema]) => {
    const { data } = schema.safeParse(partOf(value, name));
    return data === undefined ? [] : [[name, data]];
  });
  // Each value is what the schema of its field returned.
  return Object.fromEntries(right) as { [Name in keyof T]?: z.infer<T[Name]> };
}

/**
 * Refuses too many recipients, fields that do not go together, and names of files that cannot be.
 * `available`: fields with a value.
 */
export function refuseTargets(
  targets: TargetDraft,
  available: readonly NameField[],
  refuse: Refuse,
): void {
  const isNotified = Object.keys(targets.notify).length > 0;
  const field = isNotified ? "notify" : "deliver";
  const counted = [
    { count: countOf(targets, "email"), max: MAIL_ADDRESSES_MAX, what: "e-mail addresses" },
    { count: countOf(targets, "webhook"), max: TARGET_WEBHOOKS_MAX, what: "webhooks" },
  ];
  for (const { count, max, what } of counted) {
    if (count <= max) continue;
    refuse(field, undefined, `must have at most ${max} ${what}, together with the other field`);
  }
  for (const [index, { to, name }] of targets.deliver.entries()) {
    if (to !== undefined) {
      refusePairs(`deliver/${index}`, { to, given: targets.given[index] }, refuse);
    }
    const problem = name === undefined ? null : nameProblem(name, available);
    if (problem !== null) {
      refuse(`deliver/${index}/name`, name, `must be a name below a folder: ${problem}`);
    }
  }
}

function countOf({ notify, deliver }: TargetDraft, field: "email" | "webhook"): number {
  return [notify, ...deliver].reduce((sum, part) => sum + (part[field]?.length ?? 0), 0);
}

/** Refuses fields of a place that do not go with its `to`. */
function refusePairs(
  at: string,
  { to, given }: { to: string; given: ReadonlySet<string> },
  refuse: Refuse,
): void {
  for (const name of ["email", "webhook"]) {
    const field = `${at}/${name}`;
    if (to === name && !given.has(name)) refuse(field, undefined, `must be there with to ${name}`);
    if (to !== name && given.has(name)) refuse(field, undefined, `must be left out with to ${to}`);
  }
  if ((to === "email" || to === "webhook") && given.has("name")) {
    refuse(`${at}/name`, undefined, `must be left out with to ${to}`);
  }
}

function nameProblem(name: string, available: readonly NameField[]): string | null {
  try {
    readNameTemplate(name, available);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** A request that was read, with everything that is wrong with it. */
export interface ReadRequest<T> {
  /** What it asks for; null if something is wrong. */
  readonly asked: T | null;
  /** What is wrong with it. */
  readonly errors: readonly FieldError[];
  /** Its fields that need a setting which is not set. */
  readonly missing: readonly FieldError[];
}

/**
 * What a request asks for.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong; or DELIVERY_NOT_CONFIGURED if only
 * settings are missing, with all that are.
 */
export function rightRequest<T>({ asked, errors, missing }: ReadRequest<T>): T {
  if (errors.length > 0 || (asked === null && missing.length === 0)) {
    throw invalidRequest([...errors, ...missing]);
  }
  if (asked !== null && missing.length === 0) return asked;
  const message = [...new Set(missing.map(({ detail }) => detail))].join("; ");
  throw new AppError("DELIVERY_NOT_CONFIGURED", message, { errors: missing });
}

/** What the service can deliver to. */
export interface TargetChecks {
  /** What the settings allow. */
  readonly abilities: DeliveryAbilities;
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get">;
}

/**
 * Finds targets that the service is not set up for, and webhooks that are not those of the caller.
 * Exports, reports, schedules and alerts ask before they store targets.
 */
export async function findWrongTargets(
  { abilities, webhooks }: TargetChecks,
  caller: Caller,
  targets: TargetDraft,
): Promise<Omit<ReadRequest<never>, "asked">> {
  const { missing, outside } = wrongPlaces(targets, abilities);
  // Without webhooks, none of them is right.
  const unknown = abilities.hasWebhooks ? await wrongWebhooks(targets, webhooks, caller) : [];
  return { missing, errors: [...outside, ...unknown] };
}

async function wrongWebhooks(
  { notify, deliver }: TargetDraft,
  webhooks: Pick<WebhookStore, "get">,
  caller: Caller,
): Promise<FieldError[]> {
  const named = [
    ...(notify.webhook ?? []).map((id, index) => ({ id, at: `notify/webhook/${index}` })),
    ...deliver.flatMap(({ webhook = [] }, place) =>
      webhook.map((id, index) => ({ id, at: `deliver/${place}/webhook/${index}` }))
    ),
  ];
  const errors: FieldError[] = [];
  for (const { id, at } of named.slice(0, TARGET_WEBHOOKS_MAX)) {
    const webhook = await webhooks.get(id);
    if (webhook !== null && maySeeWebhook(caller, webhook)) continue;
    const rule = "the id of a webhook that you have set up";
    const detail = `${at.replaceAll("/", ".")} must be ${rule}`;
    errors.push({ pointer: `/${at}`, detail, value: id, rule });
  }
  return errors;
}

function wrongPlaces(
  { notify, deliver }: TargetDraft,
  { hasMail, hasFolder, hasLinks, hasWebhooks, buckets }: DeliveryAbilities,
): { missing: FieldError[]; outside: FieldError[] } {
  const missing: FieldError[] = [], outside: FieldError[] = [];
  const lacks = (pointer: string, what: string, setting: string) =>
    missing.push({ pointer, detail: `${what} needs the setting ${setting}, which is not set` });
  if (notify.email !== undefined && !hasMail) lacks("/notify/email", "E-mail", "SMTP_URL");
  if (notify.webhook !== undefined && !hasWebhooks) {
    lacks("/notify/webhook", "A webhook", "WEBHOOKS=on");
  }
  for (const [index, { to }] of deliver.entries()) {
    if (to === undefined) continue;
    const pointer = `/deliver/${index}/to`;
    if (to === "webhook" && !hasWebhooks) lacks(pointer, "A webhook", "WEBHOOKS=on");
    if (to === "email" && !hasMail) lacks(pointer, "E-mail", "SMTP_URL");
    if (to === "webhook" && !hasLinks) lacks(pointer, "A link to the file", "PUBLIC_URL");
    if (to === "folder" && !hasFolder) lacks(pointer, "Delivery to a folder", "DELIVERY_PATH");
    if (!to.startsWith("s3://")) continue;
    if (buckets.length === 0) lacks(pointer, "Delivery to S3", "DELIVERY_BUCKETS");
    else if (!buckets.some((place) => isBelowPlace(to, place))) {
      const rule = `below a place of DELIVERY_BUCKETS: ${buckets.join(", ")}`;
      outside.push({ pointer, detail: `deliver.${index}.to must be ${rule}`, value: to, rule });
    }
  }
  return { missing, outside };
}
