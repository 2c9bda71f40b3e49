/**
 * Keys in the OpenAPI document: how to send one, and what each operation demands.
 *
 * @module
 */

import type { AnsweredCode } from "./problem_schema.ts";

const NEEDED = "The service needs it only if `AUTH` is on.";

/** The ways to send a key. */
export const SECURITY_SCHEMES: Readonly<Record<string, unknown>> = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description:
      `A key (\`ow_…\`), or a token of the issuer if \`AUTH\` has \`oidc\`, in \`Authorization: Bearer\`. ${NEEDED} Clients of InfluxDB may ` +
      "send `Token` in place of `Bearer`.",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
    description: `A key (\`ow_…\`) in a header of its own. ${NEEDED}`,
  },
};

/** What an operation demands. The empty entry stands for a service whose `AUTH` is off. */
export function securityOf(scope: string | null): Record<string, unknown> {
  if (scope === null) return {};
  const roles = scope === "" ? [] : [scope];
  const schemes = Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: roles }));
  return { security: [...schemes, {}] };
}

/**
 * The problems of callers whom an operation refuses. Those that need no key count requests too, and
 * `/health` and `/ready` those with wrong credentials.
 */
export function refusalsOf(scope: string | null): readonly AnsweredCode[] {
  if (scope === null) return ["RATE_LIMITED"];
  const codes: readonly AnsweredCode[] = [
    // Headers that hold several keys.
    "INVALID_REQUEST",
    "UNAUTHENTICATED",
    "KEYS_UNAVAILABLE",
    "ISSUER_UNAVAILABLE",
    "RATE_LIMITED",
  ];
  return scope === "" ? codes : [...codes, "FORBIDDEN"];
}
