/**
 * A proxy in front of an HTTP server that does to requests what networks and overloaded servers do.
 * Every connection carries one request.
 *
 * @module
 */

/** What a request meets. */
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
 * One of {@link FAULTS}: `500`, `429` (with `Retry-After: 1`) and `reset` keep the request from the
 * server; a lost answer is of a request that was carried out; `slow` comes through in small pieces;
 * `half-open` takes the request and never answers.
 */
export type Fault = typeof FAULTS[number];

/** A request as rules see it. */
export interface ProxiedRequest {
  /** The method. */
  readonly method: string;
  /** The path with the query. */
  readonly target: string;
  /** When it came, epoch milliseconds. */
  readonly atMs: number;
}

/** A rule: which requests meet which fault, and how many of them do. */
export interface FaultRule {
  /** Whether it is about this request. */
  matches(request: ProxiedRequest): boolean;
  /** What they meet. */
  readonly fault: Fault;
  /** How many requests meet it, the first ones; all by default. */
  readonly times?: number;
}

/** A running proxy. Disposing of it closes every connection. */
export interface FaultProxy extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** Every request that came, in order. */
  readonly requests: readonly ProxiedRequest[];
  /** How many requests met a fault. */
  met(): number;
  /** Sets the rule, or none. */
  setRule(rule: FaultRule | null): void;
}

const SLOW_PIECES = 4;
const SLOW_PIECE_MS = 20;

/** Starts one in front of the server at a URL, on a free port, without a rule. */
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
      // A client that gave up is what these tests are about.
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
  /** The head for the server, and what of the body came with it. */
  readonly bytes: Uint8Array;
  /** Bytes of the body that are still to come. */
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

/** Passes what is left of a request's body on, or takes it in where there is no server. */
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

/** Passes an answer on as the fault has it. The server closes behind it. */
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
    const pieceBytes = fault === "slow" ? Math.ceil(count / SLOW_PIECES) : count;
    for (let at = 0; at < count; at += pieceBytes) {
      if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_PIECE_MS));
      await writeAll(client, buffer.subarray(at, Math.min(at + pieceBytes, count)));
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
