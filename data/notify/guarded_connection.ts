/**
 * A connection to one of the addresses that were checked. TLS verifies the name.
 *
 * `Deno.startTls` of Deno 2.9 keeps the socket open when the handshake is given up, and `node:https`
 * needs all permissions of the kind `sys`. `node:tls` over a socket of `node:net` does neither. Before
 * Deno 2.7, a handshake that is given up keeps its socket until the server closes it.
 *
 * @module
 */

import { connect, isIP, type Socket } from "node:net";
import { connect as startTls } from "node:tls";
import { TargetFault } from "./target_fault.ts";
import type { Target } from "./target_url.ts";

/** How long each address but the last may take, milliseconds. */
const ADDRESS_TIMEOUT_MS = 2_500;

/** Where to connect, and how long. */
export interface Connecting {
  /** Addresses, of which at least one; each is tried until one accepts. */
  readonly addresses: readonly string[];
  /** The only certificates of authorities to trust, PEM; null for those of the runtime. */
  readonly trusted: readonly string[] | null;
  /** Ends the attempt. */
  readonly ended: AbortSignal;
}

/**
 * Connects to a target. Whoever gets the connection destroys it.
 *
 * Throws {@link TargetFault}, or the reason of the signal.
 */
export async function openConnection(target: Target, how: Connecting): Promise<Socket> {
  const { host, port } = target;
  for (const [index, address] of how.addresses.entries()) {
    const isLast = index === how.addresses.length - 1;
    const socket = connect({ host: address, port });
    try {
      await opened(socket, "connect", how.ended, isLast ? null : ADDRESS_TIMEOUT_MS);
    } catch (cause) {
      how.ended.throwIfAborted();
      if (!isLast) continue;
      throw new TargetFault("NOT_CONNECTED", `${host}:${port} cannot be reached`, { cause });
    }
    return target.isTls ? await encrypt(socket, target, how) : socket;
  }
  throw new TypeError(`Cannot connect to ${host} without an address`);
}

async function encrypt(
  socket: Socket,
  target: Target,
  { trusted, ended }: Connecting,
): Promise<Socket> {
  // A name may end in a dot, but no certificate has one. An address is no name of a server.
  const name = target.host.replace(/\.$/, "");
  const encrypted = startTls({
    socket,
    host: name,
    ...isIP(name) === 0 ? { servername: name } : {},
    ALPNProtocols: ["http/1.1"],
    ...trusted === null ? {} : { ca: [...trusted] },
  });
  try {
    await opened(encrypted, "secureConnect", ended, null);
    return encrypted;
  } catch (cause) {
    socket.destroy();
    ended.throwIfAborted();
    throw tlsFault(target, cause);
  }
}

/**
 * Whether the fault of a connection is one of TLS. Deno 2.5 says that a connection is secure before the
 * handshake has ended, so that such a fault comes with the first bytes. Nothing was sent then.
 */
export function isTlsFault(target: Target, cause: unknown): boolean {
  if (!target.isTls || !(cause instanceof Error)) return false;
  // Of a certificate that is not valid, and of a server without TLS.
  return cause.name === "InvalidData" || "code" in cause && cause.code === "UNKNOWN";
}

/** The fault of a target whose TLS is not valid. */
export function tlsFault({ host, port }: Target, cause: unknown): TargetFault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TargetFault("TLS_FAILED", `${host}:${port} has no valid TLS: ${why}`, { cause });
}

/** Waits for an event of a socket. Destroys the socket if it fails, or if that takes too long. */
function opened(
  socket: Socket,
  event: "connect" | "secureConnect",
  ended: AbortSignal,
  timeoutMs: number | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => fail(new Error("not connected in time"));
    const timer = timeoutMs === null ? undefined : setTimeout(stop, timeoutMs);
    function settle(act: () => void): void {
      clearTimeout(timer);
      ended.removeEventListener("abort", stop);
      act();
    }
    function fail(error: unknown): void {
      settle(() => {
        socket.destroy();
        reject(error);
      });
    }
    ended.addEventListener("abort", stop);
    socket.once(event, () => settle(resolve));
    // It stays: an error of a socket that nobody listens to ends the process.
    socket.on("error", fail);
    socket.once("close", () => fail(new Error("the connection was closed")));
    if (ended.aborted) stop();
  });
}
