/**
 * Telemetry messages of devices, for tests.
 *
 * @module
 */

import { askJson, type JsonAnswer, postJson } from "./service.ts";

/** Metrics of a battery, as the contract shows them. */
export const BATTERY = { soc_percent: 67.5, voltage_v: 385.2, current_a: -45.3, temp_c: 28.4 };
/** Metrics of an appliance. */
export const APPLIANCE = { voltage: 229.8, current: 0.61, power: 131.5, temperature: 21 };
/** The default time of messages. */
export const TIME = "2026-02-01T14:23:45Z";

/** A message. */
export interface Message {
  /** The device. */
  readonly device_id: string;
  /** When it was measured. */
  readonly timestamp: string;
  /** The values. */
  readonly metrics: Record<string, number | null>;
}

/** A message of a battery, with changes. */
export function message(changes: Partial<Message> = {}): Message {
  return { device_id: "test-001", timestamp: TIME, metrics: BATTERY, ...changes };
}

/** Sends one message, or an array of them. */
export function postTelemetry(url: string, body: unknown): Promise<JsonAnswer> {
  return postJson(`${url}/telemetry`, body);
}

/** Sends messages as NDJSON. */
export function postLines(
  url: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  return askJson(`${url}/telemetry`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
    body,
  });
}

/** Values as lines of JSON. */
export function linesOf(messages: readonly unknown[]): string {
  return messages.map((one) => `${JSON.stringify(one)}\n`).join("");
}

/** Requests until an answer passes; fails with the last one after 28 seconds. */
export async function askUntil(
  url: string,
  passes: (body: JsonAnswer["body"]) => boolean,
): Promise<JsonAnswer> {
  const endMs = Date.now() + 28_000;
  for (;;) {
    const answer = await askJson(url);
    if (passes(answer.body)) return answer;
    if (Date.now() > endMs) throw new Error(`Not as expected: ${JSON.stringify(answer.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
