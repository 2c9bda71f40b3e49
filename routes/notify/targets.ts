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
  addressesOf,
  isBelowPlace,
  type JobTargets,
  MAIL_ADDRESSES_MAX,
  TARGET_WEBHOOKS_MAX,
  webhooksOf,
} from "../../data/notify/targets.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { invalidRequest } from "../http/problem.ts";
import { maySeeWebhook } from "./see_webhook.ts";
import type { deliverBody, notifyBody } from "./target_schemas.ts";

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

/** Refuses too many recipients, and names of files that cannot be. `available`: fields with a value. */
export function refuseTargets(
  targets: JobTargets,
  available: readonly NameField[],
  refuse: Refuse,
): void {
  const field = targets.notify === undefined ? "deliver" : "notify";
  const counted = [
    { count: addressesOf(targets).length, max: MAIL_ADDRESSES_MAX, what: "e-mail addresses" },
    { count: webhooksOf(targets).length, max: TARGET_WEBHOOKS_MAX, what: "webhooks" },
  ];
  for (const { count, max, what } of counted) {
    if (count <= max) continue;
    refuse(field, undefined, `must have at most ${max} ${what}, together with the other field`);
  }
  for (const [index, { name }] of (targets.deliver ?? []).entries()) {
    const problem = name === undefined ? null : nameProblem(name, available);
    if (problem !== null) {
      refuse(`deliver/${index}/name`, name, `must be a name below a folder: ${problem}`);
    }
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

/**
 * Refuses what the service is not set up for. Exports, reports, schedules and alerts ask before they
 * store targets.
 *
 * @throws {AppError} DELIVERY_NOT_CONFIGURED if a setting is missing, with all that are; or
 * INVALID_REQUEST for a bucket that the settings do not name.
 */
export function requireDeliverable(
  targets: JobTargets | undefined,
  abilities: DeliveryAbilities,
): void {
  if (targets === undefined) return;
  const { missing, outside } = wrongPlaces(targets, abilities);
  if (missing.length > 0) {
    const message = [...new Set(missing.map(({ detail }) => detail))].join("; ");
    throw new AppError("DELIVERY_NOT_CONFIGURED", message, { errors: missing });
  }
  if (outside.length > 0) throw invalidRequest(outside);
}

/**
 * Refuses webhooks that are not those of the caller.
 *
 * @throws {AppError} INVALID_REQUEST with all of them.
 */
export async function requireWebhooks(
  targets: JobTargets | undefined,
  webhooks: Pick<WebhookStore, "get">,
  caller: Caller,
): Promise<void> {
  const { notify, deliver = [] } = targets ?? {};
  const named = [
    ...(notify?.webhook ?? []).map((id, index) => ({ id, at: `notify/webhook/${index}` })),
    ...deliver.flatMap(({ webhook = [] }, place) =>
      webhook.map((id, index) => ({ id, at: `deliver/${place}/webhook/${index}` }))
    ),
  ];
  const errors: FieldError[] = [];
  for (const { id, at } of named) {
    const webhook = await webhooks.get(id);
    if (webhook !== null && maySeeWebhook(caller, webhook)) continue;
    const rule = "the id of a webhook that you have set up";
    const detail = `${at.replaceAll("/", ".")} must be ${rule}`;
    errors.push({ pointer: `/${at}`, detail, value: id, rule });
  }
  if (errors.length > 0) throw invalidRequest(errors);
}

function wrongPlaces(
  { notify, deliver = [] }: JobTargets,
  { hasMail, hasFolder, hasLinks, hasWebhooks, buckets }: DeliveryAbilities,
): { missing: FieldError[]; outside: FieldError[] } {
  const missing: FieldError[] = [], outside: FieldError[] = [];
  const lacks = (pointer: string, what: string, setting: string) =>
    missing.push({ pointer, detail: `${what} needs the setting ${setting}, which is not set` });
  if (notify?.email !== undefined && !hasMail) lacks("/notify/email", "E-mail", "SMTP_URL");
  if (notify?.webhook !== undefined && !hasWebhooks) {
    lacks("/notify/webhook", "A webhook", "WEBHOOKS=on");
  }
  for (const [index, { to }] of deliver.entries()) {
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
