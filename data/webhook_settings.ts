/**
 * The settings of webhooks. They are part of all settings (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";

/** The settings of webhooks. */
export interface WebhookSettings {
  /** Whether webhooks can be made, and get events. */
  readonly isOn: boolean;
  /** Whether they may lead to addresses that are not public. */
  readonly allowPrivate: boolean;
}

/** The rule of each variable, in words. */
export const WEBHOOK_RULES = {
  WEBHOOKS: "on or off",
  WEBHOOK_ALLOW_PRIVATE: "true or false",
} as const;

/** The schema of each variable. */
export const WEBHOOK_VARIABLES = {
  WEBHOOKS: z.enum(["on", "off"]).default("on"),
  WEBHOOK_ALLOW_PRIVATE: z.enum(["true", "false"]).default("false"),
};

const variablesSchema = z.object(WEBHOOK_VARIABLES);

/** The settings. */
export function webhookSettings(values: z.infer<typeof variablesSchema>): WebhookSettings {
  return { isOn: values.WEBHOOKS === "on", allowPrivate: values.WEBHOOK_ALLOW_PRIVATE === "true" };
}
