/**
 * Scopes: what a caller may do. `routes/access/route_rules.ts` says which scope each route needs.
 *
 * @module
 */

/**
 * The scopes. Each stands for itself, except that `admin` holds all of them. `manage` changes settings
 * and deletes, but neither sends readings (`ingest`) nor loads files (`import`). `metrics` is for programs that
 * watch the service: it sees counts of everything, and nothing of anybody.
 */
export const SCOPES = ["read", "export", "ingest", "import", "manage", "metrics", "admin"] as const;

/** The right to use some routes. */
export type Scope = typeof SCOPES[number];

/** Everything that some scopes allow. */
export function heldScopes(scopes: readonly Scope[]): ReadonlySet<Scope> {
  return new Set(scopes.includes("admin") ? SCOPES : scopes);
}

/** Whether a text is the name of a scope. */
export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
