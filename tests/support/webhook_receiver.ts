/**
 * A receiver of webhooks, for tests.
 *
 * @module
 */

import type { JsonAnswer } from "./service.ts";

/** A delivery as it arrived. */
export interface Received {
  /** `webhook-id`. */
  readonly id: string;
  /** All headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The path it came to. */
  readonly path: string;
  /** The bytes of the body as text. */
  readonly text: string;
  /** The body, of any shape: tests check it. */
  readonly body: JsonAnswer["body"];
  /** When it arrived, epoch milliseconds. */
  readonly atMs: number;
}

/** A receiver. Disposing of it closes it. */
export interface WebhookReceiver extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What has arrived, in the order of arrival, whatever the answer was. */
  readonly received: readonly Received[];
  /** How many requests are without an answer. */
  open(): number;
}

/** Starts a receiver that answers as `answer` says; 204 by default. */
export function startWebhookReceiver(
  answer: (one: Received, signal: AbortSignal) => Response | Promise<Response> = () =>
    new Response(null, { status: 204 }),
): WebhookReceiver {
  const received: Received[] = [];
  let open = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response(null) },
    async (request) => {
      open += 1;
      try {
        const text = await request.text();
        const one: Received = {
          id: request.headers.get("webhook-id") ?? "",
          headers: Object.fromEntries(request.headers),
          path: new URL(request.url).pathname,
          text,
          body: JSON.parse(text),
          atMs: Date.now(),
        };
        received.push(one);
        return await answer(one, request.signal);
      } finally {
        open -= 1;
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    received,
    open: () => open,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
