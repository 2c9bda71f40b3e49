/**
 * A proxy in front of an HTTP server that treats requests as networks and overloaded servers may. Every
 * connection carries one request.
 *
 * @module
 */

/** The faults that a request may meet. */
export const FAULTS = [
  "500",
  "429",
  "reset",
  "lost answer",
  "lost answer, 500",
  "slow",
  "half-open",
] as const;

/**
 * One of {@link FAULTS}. `500`, `429` (with `Retry-After: 1`) and `reset` keep the request from the
 * server. With a lost answer, the request was carried out. `slow` passes the answer in small chunks.
 * `half-open` accepts the request and never answers.
 */
export type Fault = typeof FAULTS[number];

/** A request as rules see it. */
export interface ProxiedRequest {
  /** The method. */
  readonly method: string;
  /** The path with the query. */
  readonly target: string;
  /** When it arrived, epoch milliseconds. */
  readonly atMs: number;
}

/** A rule: which requests meet a fault, which fault, and how many times. */
export interface FaultRule {
  /** Whether the rule applies to a request. */
  matches(request: ProxiedRequest): boolean;
  /** The fault. */
  readonly fault: Fault;
  /** How many matching requests meet the fault; all by default. */
  readonly times?: number;
}

/** A running proxy. Disposing closes every connection. */
export interface FaultProxy extends AsyncDisposable {
  /** The URL it listens on. */
  readonly url: string;
  /** Every received request, in order. */
  readonly requests: readonly ProxiedRequest[];
  /** The number of requests that met a fault. */
  met(): number;
  /** Sets or removes the rule. */
  setRule(rule: FaultRule | null): void;
}

const SLOW_CHUNKS = 4;
const SLOW_CHUNK_MS = 20;

/** Starts a proxy in front of the server at a URL, on a free port, without a rule. */
export function startFaultProxy(target: string): FaultProxy {
  const { hostname, port } = new URL(target);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const requests: ProxiedRequest[] = [];
  let rule: FaultRule | null = null;
  let met = 0, metOfRule = 0;

  function faultOf(request: ProxiedRequest): Fault | null {
    requests.push(request);
    if (rule === null || metOfRule >= (rule.times ?? Infinity)) return null;
    if (!rule.matches(request)) return null;
    met++;
    metOfRule++;
    return rule.fault;
  }

  async function serve(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    try {
      const head = await readHead(client);
      if (head === null) return;
      const fault = faultOf(head.request);
      if (fault === "reset") return;
      if (fault === "500" || fault === "429" || fault === "half-open") {
        await passBody(client, null, head);
        if (fault === "half-open") await untilClosed(client);
        else await writeAll(client, encoder.encode(fault === "429" ? TOO_MANY : BROKEN));
        return;
      }
      const server = await Deno.connect({ hostname, port: Number(port) });
      open.add(server);
      try {
        await writeAll(server, head.bytes);
        await passBody(client, server, head);
        await passAnswer(server, client, fault);
      } finally {
        open.delete(server);
        close(server);
      }
    } finally {
      open.delete(client);
      close(client);
    }
  }

  const serving = (async () => {
    const all = new Set<Promise<void>>();
    for await (const client of listener) {
      // These tests are about clients that give up, so errors of a connection are expected.
      const one = serve(client).catch(() => {}).finally(() => all.delete(one));
      all.add(one);
    }
    await Promise.all(all);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    met: () => met,
    setRule(next) {
      rule = next;
      metOfRule = 0;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      open.forEach(close);
      await serving;
    },
  };
}

const encoder = new TextEncoder();
const LAST = "Content-Length: 0\r\nConnection: close\r\n\r\n";
const BROKEN = `HTTP/1.1 500 Internal Server Error\r\n${LAST}`;
const TOO_MANY = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n${LAST}`;

interface Head {
  readonly request: ProxiedRequest;
  /** The head for the server, and the part of the body that arrived with it. */
  readonly bytes: Uint8Array;
  /** Bytes of the body still to arrive. */
  readonly leftBytes: number;
}

async function readHead(client: Deno.TcpConn): Promise<Head | null> {
  let bytes = new Uint8Array(0);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await client.read(buffer);
    if (count === null) return null;
    bytes = Uint8Array.from([...bytes, ...buffer.subarray(0, count)]);
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = text.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const [method, target] = head.split(" ", 2);
    const sent = bytes.subarray(end + 4);
    const once = `${head.replace(/\r\nconnection:[^\r]*/i, "")}\r\nConnection: close\r\n\r\n`;
    return {
      request: { method, target, atMs: Date.now() },
      bytes: Uint8Array.from([...encoder.encode(once), ...sent]),
      leftBytes: length - sent.length,
    };
  }
}

/** Forwards the rest of the body of a request, or discards it if there is no server. */
async function passBody(
  client: Deno.TcpConn,
  server: Deno.TcpConn | null,
  { leftBytes }: Head,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let left = leftBytes; left > 0;) {
    const count = await client.read(buffer);
    if (count === null) return;
    if (server !== null) await writeAll(server, buffer.subarray(0, count));
    left -= count;
  }
}

/** Forwards an answer as the fault requires. The server closes the connection after it. */
async function passAnswer(
  server: Deno.TcpConn,
  client: Deno.TcpConn,
  fault: Fault | null,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  const isLost = fault !== null && fault !== "slow";
  for (;;) {
    const count = await server.read(buffer);
    if (count === null) break;
    if (isLost) continue;
    const chunkBytes = fault === "slow" ? Math.ceil(count / SLOW_CHUNKS) : count;
    for (let at = 0; at < count; at += chunkBytes) {
      if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_CHUNK_MS));
      await writeAll(client, buffer.subarray(at, Math.min(at + chunkBytes, count)));
    }
  }
  if (fault === "lost answer, 500") await writeAll(client, encoder.encode(BROKEN));
}

async function untilClosed(client: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await client.read(buffer) !== null);
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
