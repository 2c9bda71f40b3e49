/**
 * Keys between their form in requests and answers and that of the domain.
 *
 * @module
 */

import { type Key, type KeyGrant, keyState } from "../../data/access/key.ts";
import { type KeyLimits, NO_KEY_LIMITS } from "../../data/access/key_limits.ts";
import { newPatterns } from "../../data/access/key_rules.ts";
import { instantText, parseInstant } from "../../data/time/time_text.ts";
import type { KeyBody, KeyChangeBody, KeyRequest } from "./schemas.ts";

/** What a request says about a new key. */
export function grantOf(
  { name, scopes, networks, expires_at, limits, ...ids }: KeyRequest,
): KeyGrant {
  return {
    name,
    scopes: [...new Set(scopes)],
    patterns: newPatterns({ meter: ids.meters, device: ids.devices, store: ids.stores }),
    networks: networks ?? null,
    expiresMs: expiryOf(expires_at),
    limits: limitsOf(limits, NO_KEY_LIMITS),
  };
}

/** What a request makes of a key. */
export function changedGrant(body: KeyChangeBody, key: KeyGrant): KeyGrant {
  const { patterns } = key;
  return {
    name: body.name ?? key.name,
    scopes: body.scopes === undefined ? key.scopes : [...new Set(body.scopes)],
    patterns: {
      meter: body.meters === undefined ? patterns.meter : body.meters,
      device: body.devices === undefined ? patterns.device : body.devices,
      store: body.stores === undefined ? patterns.store : body.stores,
    },
    networks: body.networks === undefined ? key.networks : body.networks,
    expiresMs: body.expires_at === undefined ? key.expiresMs : expiryOf(body.expires_at),
    limits: limitsOf(body.limits, key.limits),
  };
}

/** What people say about a key, as an answer shows it. */
export function grantBody(
  { name, scopes, patterns, networks, expiresMs, limits }: KeyGrant,
): Pick<KeyBody, keyof KeyRequest> {
  return {
    name,
    scopes: [...scopes],
    meters: copied(patterns.meter),
    devices: copied(patterns.device),
    stores: copied(patterns.store),
    networks: copied(networks),
    expires_at: textOf(expiresMs),
    limits: {
      requests_per_second: limits.requestsPerSecond,
      burst: limits.burst,
      jobs_waiting: limits.jobsWaiting,
      jobs_running: limits.jobsRunning,
      upload_bytes_at_once: limits.uploadBytesAtOnce,
      stored_readings: limits.storedReadings,
      file_bytes: limits.fileBytes,
    },
  };
}

/** A key as an answer shows it. */
export function keyBody(key: Key, { usedMs, nowMs }: { usedMs?: number; nowMs: number }): KeyBody {
  const { previous } = key;
  const isPreviousValid = previous !== null && previous.untilMs > nowMs;
  return {
    id: key.id,
    state: keyState(key, nowMs),
    origin: key.origin,
    ...grantBody(key),
    created_at: instantText(key.createdMs),
    created_by: key.createdBy,
    last_used_at: textOf(usedMs ?? null),
    rotated_at: textOf(key.rotatedMs),
    previous_valid_until: isPreviousValid ? instantText(previous.untilMs) : null,
    revoked_at: textOf(key.revokedMs),
  };
}

function expiryOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : parseInstant(text);
}

function limitsOf(given: KeyRequest["limits"] = {}, before: KeyLimits): KeyLimits {
  const of = (value: number | null | undefined, old: number | null) =>
    value === undefined ? old : value;
  return {
    requestsPerSecond: of(given.requests_per_second, before.requestsPerSecond),
    burst: of(given.burst, before.burst),
    jobsWaiting: of(given.jobs_waiting, before.jobsWaiting),
    jobsRunning: of(given.jobs_running, before.jobsRunning),
    uploadBytesAtOnce: of(given.upload_bytes_at_once, before.uploadBytesAtOnce),
    storedReadings: of(given.stored_readings, before.storedReadings),
    fileBytes: of(given.file_bytes, before.fileBytes),
  };
}

function copied(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list];
}

function textOf(timeMs: number | null): string | null {
  return timeMs === null ? null : instantText(timeMs);
}
