/**
 * A server that answers byte by byte over TCP, for clients that must withstand bad servers.
 *
 * @module
 */

/** A connection of a client. */
export interface RawPeer {
  /** Settles with all that the client has sent when that contains `part`. */
  until(part: string): Promise<string>;
  /** Sends text or bytes. */
  send(part: string | Uint8Array): Promise<void>;
  /** Closes the connection. */
  close(): void;
  /** Settles when either side has closed the connection. */
  readonly closed: Promise<void>;
}

/** A server. Disposing of it waits until its clients have closed their connections. */
export interface RawServer extends AsyncDisposable {
  /** Its port. */
  readonly port: number;
  /** How many connections there were. */
  readonly connections: () => number;
}

/** Serves on an address of this machine, with a script for each connection. */
export function startRawServer(
  script: (peer: RawPeer) => Promise<void> | void,
  { hostname = "127.0.0.1", port = 0 }: { hostname?: string; port?: number } = {},
): RawServer {
  const listener = Deno.listen({ hostname, port });
  const open = new Set<Promise<unknown>>();
  let count = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      count += 1;
      const peer = openPeer(connection);
      // A script fails when its client goes, and many tests are about that.
      open.add(Promise.allSettled([(async () => await script(peer))(), peer.closed]));
    }
  })();
  return {
    port: listener.addr.port,
    connections: () => count,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(open);
    },
  };
}

function openPeer(connection: Deno.Conn): RawPeer {
  let received = "";
  let isClosed = false;
  const waiting = new Set<() => void>();
  function close(): void {
    if (isClosed) return;
    isClosed = true;
    connection.close();
    for (const look of waiting) look();
  }
  async function readAll(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const decoder = new TextDecoder();
    try {
      for (let size; (size = await connection.read(buffer)) !== null;) {
        received += decoder.decode(buffer.subarray(0, size), { stream: true });
        for (const look of waiting) look();
      }
    } catch {
      // Reset by the client, or closed here.
    }
    close();
  }
  return {
    until: (part) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (received.includes(part)) resolve(received);
          else if (isClosed) reject(new Error(`Only this was received: ${received}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    async send(part) {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      for (let sent = 0; sent < bytes.length;) {
        sent += await connection.write(bytes.subarray(sent));
      }
    },
    close,
    closed: readAll(),
  };
}
