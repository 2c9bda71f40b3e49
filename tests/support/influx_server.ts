/**
 * A server whose `/query` returns prepared answers, for tests of faults.
 *
 * @module
 */

/** A received request. */
export interface InfluxRequest {
  /** The query, in InfluxQL. */
  readonly query: string;
  /** All parameters. */
  readonly parameters: URLSearchParams;
  /** The header `Authorization`. */
  readonly authorization: string | null;
}

/** A server on loopback. Disposing stops it. */
export interface InfluxServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The received requests, in order. */
  readonly requests: readonly InfluxRequest[];
}

/** Starts a server that returns the answers in order, and then repeats the last one. */
export function serveInflux(...answers: (() => Response)[]): InfluxServer {
  const requests: InfluxRequest[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname !== "/query") return new Response("no such path", { status: 404 });
      requests.push({
        query: searchParams.get("q") ?? "",
        parameters: searchParams,
        authorization: request.headers.get("Authorization"),
      });
      return answers[Math.min(requests.length, answers.length) - 1]();
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A line of an answer, with rows of the given columns. */
export function chunkLine(columns: string[], rows: unknown[][], isPartial = false): string {
  const partial = isPartial ? { partial: true } : {};
  const series = [{ name: "telemetry", columns, values: rows, ...partial }];
  return `${JSON.stringify({ results: [{ statement_id: 0, series, ...partial }] })}\n`;
}

/** A complete answer of some lines. */
export function answer(...lines: string[]): () => Response {
  return () => new Response(lines.join(""), { headers: { "Content-Type": "application/json" } });
}

/** An answer of some lines that ends before its Content-Length. */
export function brokenAnswer(...lines: string[]): () => Response {
  return () => {
    const bytes = new TextEncoder().encode(lines.join(""));
    let isSent = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (!isSent) {
          isSent = true;
          return controller.enqueue(bytes);
        }
        // Deno 2.5 drops what it has not sent before a fault.
        await new Promise((resolve) => setTimeout(resolve, 50));
        controller.close();
      },
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "Content-Length": String(bytes.length + 1) } });
  };
}
