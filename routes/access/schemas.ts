/**
 * Keys in requests and answers. The OpenAPI document and the types of the bodies come from these
 * schemas.
 *
 * @module
 */

import { z } from "zod";
import { ID_PATTERN_FORM, ID_PATTERN_RULE } from "../../data/access/id_pattern.ts";
import { KEY_ORIGINS } from "../../data/access/key.ts";
import { KEY_ID_PATTERN } from "../../data/access/key_text.ts";
import { NETWORK_RULE, parseNetwork } from "../../data/access/network.ts";
import { SCOPES } from "../../data/access/scopes.ts";
import {
  KEY_GRACE_MAX_MS,
  KEY_GRACE_MS,
  KEY_LIMIT_MAX,
  KEY_NAME_MAX,
  KEY_NETWORKS_MAX,
  KEY_PATTERNS_MAX,
} from "../../data/limits.ts";
import { parseInstant } from "../../data/time/time_text.ts";
import { instant } from "../openapi/schema_parts.ts";
import { usageSchema } from "./usage_schemas.ts";

const nameRule = `name must be 1 to ${KEY_NAME_MAX} characters without control characters`;
const nameText = z.string(nameRule).min(1, nameRule).max(KEY_NAME_MAX, nameRule)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\0-\x1f\x7f]*$/, nameRule)
  .meta({ description: "What people call the key.", examples: ["Roof gateway"] });

const scopesRule = `scopes must be a list of ${SCOPES.join(", ")}`;
const scopeList = z.array(z.enum(SCOPES, scopesRule), scopesRule).min(1, scopesRule)
  .max(SCOPES.length, scopesRule).meta({
    description:
      "What the key may do. Each scope stands for itself, but `admin` holds all of them.",
    examples: [["read", "export"]],
  });

function patternList(kind: string) {
  const rule = `${kind} must be null or a list of at most ${KEY_PATTERNS_MAX} patterns of ids`;
  return z.array(
    z.string(rule).regex(ID_PATTERN_FORM, `A pattern in ${kind} must be ${ID_PATTERN_RULE}`),
    rule,
  ).max(KEY_PATTERNS_MAX, rule).nullable().meta({
    description:
      `Patterns of the ids of ${kind} that the key may touch: \`*\` stands for any run ` +
      "of characters. Others do not exist for the key. `null` is every id, an empty list none.",
    examples: [["site-a.*"]],
  });
}

const networksRule = `networks must be null or a list of 1 to ${KEY_NETWORKS_MAX} networks`;
const networkList = z.array(
  z.string(networksRule).max(50).refine((text) => parseNetwork(text) !== null, {
    error: `A network must be ${NETWORK_RULE}`,
  }),
  networksRule,
).min(1, networksRule).max(KEY_NETWORKS_MAX, networksRule).nullable().meta({
  description: "The networks from which the key counts, in CIDR notation; `null` is everywhere.",
  examples: [["192.0.2.0/24", "2001:db8::/32"]],
});

const expiryRule = "expires_at must be null or an ISO 8601 time, such as 2027-01-01T00:00:00Z";
const expiryText = z.string(expiryRule)
  .refine((text) => parseInstant(text) !== null, { error: expiryRule })
  .nullable().meta({
    format: "date-time",
    description: "When the key stops counting, as an ISO 8601 time in the future; `null` is never.",
    examples: ["2099-01-01T00:00:00Z"],
  });

function limitOf(name: string, description: string, least: number) {
  const rule = `${name} must be null or a whole number of ${least} to ${KEY_LIMIT_MAX}`;
  return z.int(rule).min(least, rule).max(KEY_LIMIT_MAX, rule).nullable().meta({
    description,
    examples: [10],
  });
}

const limitFields = {
  requests_per_second: limitOf(
    "requests_per_second",
    "Requests per second, over a longer time.",
    1,
  ),
  burst: limitOf("burst", "Requests at once, after none for a while.", 1),
  jobs_waiting: limitOf("jobs_waiting", "Jobs of the key that wait at the same time.", 0),
  jobs_running: limitOf("jobs_running", "Jobs of the key that run at the same time.", 1),
  upload_bytes_at_once: limitOf(
    "upload_bytes_at_once",
    "Bytes that the uploads of the key may have together while they run.",
    1,
  ),
  stored_readings: limitOf("stored_readings", "Readings that the key may store.", 0),
  file_bytes: limitOf("file_bytes", "Bytes of the files of the key's jobs together.", 0),
};

/** Limits in an answer. */
const keyLimits = z.strictObject(limitFields).meta({
  id: "KeyLimits",
  description: "The key's own limits. `null`: the limit of the service holds.",
});

const limitsInput = z.strictObject(limitFields, objectError("limits must be a JSON object"))
  .partial().meta({
    id: "NewKeyLimits",
    description: "The key's own limits. `null`, or left out: the limit of the service holds.",
  });

const fields = {
  name: nameText,
  scopes: scopeList,
  meters: patternList("meters"),
  devices: patternList("devices"),
  stores: patternList("stores"),
  networks: networkList,
  expires_at: expiryText,
};

/** The body of `POST /api/keys`. */
export const keyRequest = z.strictObject({
  ...fields,
  limits: limitsInput,
}, objectError("The body must be a JSON object")).partial().required({ name: true, scopes: true })
  .meta({
    description: "A new key. If you give patterns for at least one of `meters`, `devices` and " +
      "`stores`, the key touches none of those that you leave out; otherwise it touches all.",
  });

/** The body of `PATCH /api/keys/{id}`. */
export const keyChange = z.strictObject({
  ...fields,
  limits: limitsInput,
}, objectError("The body must be a JSON object")).partial().meta({
  description: "Changes of a key. What you leave out stays as it is, also within `limits`.",
});

const graceMaxSeconds = KEY_GRACE_MAX_MS / 1_000;
const graceRule = `grace_seconds must be a whole number of 0 to ${graceMaxSeconds}`;

/** The body of `POST /api/keys/{id}/rotate`. */
export const keyRotation = z.strictObject({
  grace_seconds: z.int(graceRule).min(0, graceRule).max(graceMaxSeconds, graceRule).optional()
    .meta({
      description: "For how many seconds the old secret stays valid; " +
        `${KEY_GRACE_MS / 1_000} by default, a day. 0 ends it at once.`,
      examples: [3_600],
    }),
}, objectError("The body must be a JSON object")).meta({
  description: "How a key gets a new secret.",
});

const answerFields = {
  id: z.string().regex(KEY_ID_PATTERN).meta({
    description: "The id, which is part of the key and no secret.",
    examples: ["01k3v9xq7f2m"],
  }),
  state: z.enum(["active", "expired", "revoked"]).meta({
    id: "KeyState",
    description: "Only `active` keys count. The others stay listed for 90 days.",
    examples: ["active"],
  }),
  origin: z.enum(KEY_ORIGINS).meta({
    id: "KeyOrigin",
    description: "Where the key comes from: this API, the first start of the service, or the " +
      "setting `ADMIN_KEY`, which this API cannot change.",
    examples: ["api"],
  }),
  ...fields,
  expires_at: instant("When the key stops counting, or null.", "2099-01-01T00:00:00Z").nullable(),
  limits: keyLimits,
  created_at: instant("When the key was made.", "2026-11-29T12:00:00Z"),
  created_by: z.string().meta({
    description: "Who made it: `key:` and an id, `anyone` without keys, `service`.",
    examples: ["key:01k3v9xq7f2m"],
  }),
  last_used_at: instant(
    "The minute in which the key was last used, or null.",
    "2026-11-29T12:00:00Z",
  )
    .nullable(),
  rotated_at: instant("When the key last got a new secret, or null.", "2026-11-29T12:00:00Z")
    .nullable(),
  previous_valid_until: instant(
    "Until when the old secret counts, or null.",
    "2026-11-30T12:00:00Z",
  )
    .nullable(),
  revoked_at: instant("When the key was revoked, or null.", "2026-11-29T12:00:00Z").nullable(),
};

/** A key. */
export const keySchema = z.strictObject(answerFields).meta({
  description: "A key. Its text is not in it: the service stores only a hash.",
});

/** A key, and what it uses. */
export const keyDetail = z.strictObject({ ...answerFields, usage: usageSchema }).meta({
  description: "A key, and what it uses of its limits.",
});

/** A key and its text. */
export const shownKey = z.strictObject({
  ...answerFields,
  key: z.string().regex(/^ow_[a-z0-9]{1,32}_[A-Za-z0-9_-]{43,128}$/).meta({
    description: "The key itself, `ow_<id>_<secret>`. The service never shows it again.",
    examples: [`ow_01k3v9xq7f2m_${"x".repeat(43)}`],
  }),
}).meta({ description: "A key with its text, which is shown only this once." });

/** A page of keys. */
export const keyList = z.strictObject({
  keys: z.array(keySchema).meta({ description: "Keys in the order in which they were made." }),
  next: z.string().nullable().meta({
    description: "The path of the next page, or null on the last one.",
    examples: ["/api/keys?limit=100&cursor=01k3v9xq7f2m"],
  }),
}).meta({ description: "A page of keys." });

/** The body of `POST /api/keys`. */
export type KeyRequest = z.infer<typeof keyRequest>;
/** The body of `PATCH /api/keys/{id}`. */
export type KeyChangeBody = z.infer<typeof keyChange>;
/** A key. */
export type KeyBody = z.infer<typeof keySchema>;
/** A key, and what it uses. */
export type KeyDetail = z.infer<typeof keyDetail>;
/** A key and its text. */
export type ShownKeyBody = z.infer<typeof shownKey>;
/** A page of keys. */
export type KeyListBody = z.infer<typeof keyList>;

/** An error of an object that is none; unknown properties are worded elsewhere. */
function objectError(sentence: string) {
  return {
    error: (issue: { code?: string }) => issue.code === "invalid_type" ? sentence : undefined,
  };
}
