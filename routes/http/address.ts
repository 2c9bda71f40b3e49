/**
 * The address of the client of a request.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { clientAddress } from "../../data/access/client_address.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The address of the client; empty where there is no connection, as in tests. */
    address: string;
  }
}

/** Sets `address`: that of the other end of the connection, or whom so many proxies name. */
export function address(proxies: number): MiddlewareHandler {
  return (c, next) => {
    const socket = socketAddress(c);
    if (proxies === 0) c.set("address", clientAddress({ ...DIRECT, socket }));
    else {
      const { headers } = c.req.raw;
      c.set(
        "address",
        clientAddress({
          socket,
          xForwardedFor: headers.get("x-forwarded-for"),
          forwarded: headers.get("forwarded"),
          proxies,
        }),
      );
    }
    return next();
  };
}

const DIRECT = { xForwardedFor: null, forwarded: null, proxies: 0 };

/** The address of the other end of the connection. */
function socketAddress({ env }: Context): string {
  // `Deno.serve` passes what it knows about the connection as the second argument of the handler.
  const { remoteAddr }: Partial<Deno.ServeHandlerInfo> = env ?? {};
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : "";
}
