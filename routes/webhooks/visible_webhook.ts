/**
 * Which webhooks exist for a caller: its own, and with the scope `manage` and without restrictions to
 * ids those of others.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { invalidRequest } from "../http/problem.ts";
import { maySeeWebhook } from "../notify/see_webhook.ts";
import { WEBHOOK_ID_PATTERN, WEBHOOK_ID_RULE } from "./schemas.ts";

/**
 * A webhook.
 *
 * @throws {AppError} INVALID_REQUEST if the id is none; WEBHOOK_NOT_FOUND if no webhook that exists for
 * the caller has it.
 */
export async function visibleWebhook(
  webhooks: Pick<WebhookStore, "get">,
  caller: Caller,
  id: string,
): Promise<Webhook> {
  if (!WEBHOOK_ID_PATTERN.test(id)) {
    throw invalidRequest([{
      pointer: "#id",
      detail: `The webhook's id must be ${WEBHOOK_ID_RULE}`,
    }]);
  }
  const webhook = await webhooks.get(id);
  if (webhook !== null && maySeeWebhook(caller, webhook)) return webhook;
  throw webhookNotFound(id);
}

/** The error for a webhook that does not exist for a caller. */
export function webhookNotFound(id: string): AppError {
  return new AppError("WEBHOOK_NOT_FOUND", `There is no webhook ${id}`);
}
