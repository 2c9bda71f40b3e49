/**
 * The address of the client of a request.
 *
 * @module
 */

import { clientAddress, directAddress } from "../../data/access/client_address.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The address of the client; empty where there is no connection, as in tests. */
    address: string;
  }
}

/** The address of the other end of the connection, or whom so many proxies name. */
export function addressOf({ headers }: Request, env: unknown, proxies: number): string {
  const socket = socketAddress(env);
  if (proxies === 0) return directAddress(socket);
  const xForwardedFor = headers.get("x-forwarded-for"), forwarded = headers.get("forwarded");
  return clientAddress({ socket, xForwardedFor, forwarded, proxies });
}

/** The address of the other end of the connection. */
function socketAddress(env: unknown): string {
  // `Deno.serve` passes what it knows about the connection as the second argument of the handler.
  const { remoteAddr }: Partial<Deno.ServeHandlerInfo> = env ?? {};
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : "";
}
