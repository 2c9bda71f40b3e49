/**
 * A complete service that asks for keys, for tests over HTTP.
 *
 * @module
 */

import type { AccessSettings } from "../../data/access_settings.ts";
import type { Settings } from "../../data/settings.ts";
import { askJson, startTestService, type TestService } from "./service.ts";

/** A key with every right, which the service is started with. */
export const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;

/** The settings of a service with keys. */
export const KEYED_ACCESS: AccessSettings = {
  hasKeys: true,
  oidc: null,
  adminKey: ADMIN_KEY,
  publicUrl: null,
};

/** A service that asks for keys. */
export interface KeyedService extends TestService {
  /** Makes a key and returns its text. */
  makeKey(grant: Record<string, unknown>): Promise<string>;
}

/** Starts a service that asks for keys. */
export async function startKeyedService(
  settings: Partial<Settings> & { now?: () => number } = {},
): Promise<KeyedService> {
  const service = await startTestService({ access: KEYED_ACCESS, ...settings });
  return {
    ...service,
    async makeKey(grant) {
      const { status, body } = await askJson(`${service.url}/api/keys`, {
        method: "POST",
        headers: { ...bearer(ADMIN_KEY), "content-type": "application/json" },
        body: JSON.stringify({ name: "A key", ...grant }),
      });
      if (status !== 201) throw new Error(`The key was not made: ${JSON.stringify(body)}`);
      return body.key;
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** The header that presents a key. */
export function bearer(key: string): { readonly authorization: string } {
  return { authorization: `Bearer ${key}` };
}
