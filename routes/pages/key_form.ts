/**
 * What the form of a new key sends.
 *
 * @module
 */

import { listOf } from "./form_parts.tsx";

/** The kinds of ids to which a key may be limited. */
export const KINDS = ["meters", "devices", "stores"] as const;

/** The body of `POST /api/keys` that the form makes. What is empty is left out. */
export function keyBodyOfForm(fields: URLSearchParams): Record<string, unknown> {
  const lists = ["networks", ...KINDS].flatMap((name) => {
    const list = listOf(fields, name);
    return list === undefined ? [] : [[name, list]];
  });
  const expiresOn = fields.get("expires_at")?.trim() ?? "";
  return {
    name: fields.get("name")?.trim() ?? "",
    scopes: fields.getAll("scopes"),
    ...Object.fromEntries(lists),
    // Browsers send the day alone.
    ...(expiresOn === ""
      ? {}
      : { expires_at: /^\d{4}-\d\d-\d\d$/.test(expiresOn) ? `${expiresOn}T00:00:00Z` : expiresOn }),
  };
}
