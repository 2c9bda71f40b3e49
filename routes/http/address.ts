/**
 * The address of the client of a request.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";

declare module "hono" {
  interface ContextVariableMap {
    /** The address of the client; empty where there is no connection, as in tests. */
    address: string;
  }
}

/** Sets `address` to the address of the other end of the connection. */
export function address(): MiddlewareHandler {
  return (c, next) => {
    c.set("address", socketAddress(c));
    return next();
  };
}

/** The address of the other end of the connection. */
function socketAddress({ env }: Context): string {
  // `Deno.serve` passes what it knows about the connection as the second argument of the handler.
  const { remoteAddr }: Partial<Deno.ServeHandlerInfo> = env ?? {};
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : "";
}
