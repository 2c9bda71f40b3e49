/**
 * The operations under `/api/keys`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { KEY_ID_PATTERN, KEY_ID_RULE } from "../../data/access/key_text.ts";
import { limitText } from "../openapi/list_query.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import { keyChange, keyDetail, keyList, keyRequest, keyRotation, shownKey } from "./schemas.ts";

function idParameter(example: string): Parameter {
  return {
    in: "path",
    name: "id",
    description: `The key's id: ${KEY_ID_RULE}.`,
    schema: z.string().regex(KEY_ID_PATTERN),
    example,
  };
}

const create: Operation = {
  method: "post",
  path: "/api/keys",
  id: "createKey",
  tag: "Keys",
  summary: "Make a key",
  description: "Makes a key and shows it, once: the service stores only a hash. Send it as " +
    "`Authorization: Bearer`, `Authorization: Token` or `X-API-Key`. Other instances of the " +
    "service know the key within 5 seconds.",
  body: [{
    mediaType: "application/json",
    schema: keyRequest,
    examples: {
      gateway: {
        summary: "A gateway that sends readings of one site",
        value: { name: "Roof gateway", scopes: ["ingest"], devices: ["site-a.*"] },
      },
      analyst: {
        summary: "Somebody who reads and exports everything from one network, until the year 2099",
        value: {
          name: "Analyst",
          scopes: ["read", "export"],
          networks: ["127.0.0.0/8", "2001:db8::/32"],
          expires_at: "2099-01-01T00:00:00Z",
          limits: { requests_per_second: 10, jobs_running: 2 },
        },
      },
    },
  }],
  answers: [{
    status: 201,
    description: "The key, and its text.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: shownKey }],
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "TOO_MANY_KEYS",
  ],
};

const list: Operation = {
  method: "get",
  path: "/api/keys",
  id: "listKeys",
  tag: "Keys",
  summary: "List keys",
  description: "Returns keys, those that were revoked or have expired within the last 90 days too.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "How many keys to return at most.",
      schema: limitText,
      example: 100,
    },
    {
      in: "query",
      name: "cursor",
      description: "The id of the last key of the page before.",
      schema: z.string().regex(KEY_ID_PATTERN),
      example: "00000000",
    },
    {
      in: "query",
      name: "state",
      description: "Only keys in this state.",
      schema: z.enum(["active", "expired", "revoked"]),
      example: "active",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of keys.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: keyList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const get: Operation = {
  method: "get",
  path: "/api/keys/{id}",
  id: "getKey",
  tag: "Keys",
  summary: "Get a key",
  description:
    "Returns what the key may do, when it was last used and what it uses of its limits, but not " +
    "the key itself.",
  parameters: [idParameter("roofgateway")],
  answers: [{
    status: 200,
    description: "The key.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: keyDetail }],
  }],
  problems: ["INVALID_REQUEST", "KEY_NOT_FOUND"],
};

const patch: Operation = {
  method: "patch",
  path: "/api/keys/{id}",
  id: "changeKey",
  tag: "Keys",
  summary: "Change a key",
  description: "Changes what you send; the rest stays. It counts at once on this instance, and " +
    "within 5 seconds on others.",
  parameters: [idParameter("roofgateway")],
  body: [{
    mediaType: "application/json",
    schema: keyChange,
    examples: {
      wider: { summary: "One more site", value: { devices: ["site-a.*", "site-b.*"] } },
      ending: {
        summary: "An end, and no limit of its own for requests",
        value: { expires_at: "2099-01-01T00:00:00Z", limits: { requests_per_second: null } },
      },
    },
  }],
  answers: [{
    status: 200,
    description: "The changed key.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: keyDetail }],
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "KEY_NOT_FOUND",
    "KEY_FIXED",
    "LAST_ADMIN_KEY",
  ],
};

const rotate: Operation = {
  method: "post",
  path: "/api/keys/{id}/rotate",
  id: "rotateKey",
  tag: "Keys",
  summary: "Give a key a new secret",
  description:
    "Returns the key with a new secret, once. The old secret stays valid for a grace, so " +
    "that you can replace it everywhere. Only one old secret does: another rotation ends it. Jobs, " +
    "limits and everything else stay with the key.",
  parameters: [idParameter("roofgateway")],
  body: [{
    mediaType: "application/json",
    schema: keyRotation,
    examples: {
      hour: { summary: "The old secret stays valid for an hour", value: { grace_seconds: 3_600 } },
    },
  }],
  isBodyOptional: true,
  answers: [{
    status: 200,
    description: "The key, and its new text.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: shownKey }],
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "KEY_NOT_FOUND",
    "KEY_FIXED",
  ],
};

const revoke: Operation = {
  method: "delete",
  path: "/api/keys/{id}",
  id: "revokeKey",
  tag: "Keys",
  summary: "Revoke a key",
  description: "The key stops counting: at once on this instance, within 5 seconds on others. It " +
    "cannot be made valid again. Its jobs and readings stay. Revoking it again changes nothing.",
  parameters: [idParameter("retired")],
  answers: [{ status: 204, description: "The key is revoked." }],
  problems: ["INVALID_REQUEST", "KEY_NOT_FOUND", "KEY_FIXED", "LAST_ADMIN_KEY"],
};

/** All operations on keys. */
export const keyOperations: readonly Operation[] = [create, list, get, patch, rotate, revoke];
