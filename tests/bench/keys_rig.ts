/**
 * Apps in one process, with which the bench measures what a key costs a request.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type Caller, createCaller } from "../../data/access/caller.ts";
import { createDeviceIntake } from "../../kv/devices/intake.ts";
import { openKeys } from "../../kv/access/keys.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import type { Authenticator } from "../../routes/access/authenticator.ts";
import { keyAuthenticator } from "../../routes/access/key_authenticator.ts";
import { presentedToken } from "../../routes/access/presented_token.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { INGEST_GRANT } from "../support/keys.ts";

/** Requests of a run, 100 of which are on their way at the same time. */
export const REQUESTS = 5_000;
/** How many are on their way at the same time. */
export const AT_ONCE = 100;
/** When the devices of the bench send their first reading. */
const FIRST_MS = Date.UTC(2026, 0, 1);

/** An app. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Two apps over one database. */
export interface Rig extends AsyncDisposable {
  /** It knows its only caller. */
  readonly known: Handler;
  /** It looks the key up. */
  readonly keyed: Handler;
  /** Sends the requests of a run. */
  post(handler: Handler): Promise<void>;
  /** Looks up the key of each request of a run, and does nothing else. */
  lookUp(): Promise<void>;
}

/** Opens a database and both apps. */
export async function openKeysRig(path: string): Promise<Rig> {
  const stack = new AsyncDisposableStack();
  const opened = stack.use(await openKv(path));
  const { kv } = opened;
  const now = Date.now;
  const series = createSeriesStore({ kv, now });
  const ingest = createIngest({ kv, writer: "bench", room: opened.ingestRoom });
  stack.defer(() => ingest.stop());
  const devices = { limit: { requests: 1e9, windowMs: 1_000 }, offlineAfterMs: 600_000 };
  const intake = createDeviceIntake({ ...opened, ...devices, series, now, owner: "bench", ingest });
  const keys = stack.use(await openKeys({ ...opened, now }));
  const { key, text } = await keys.create(INGEST_GRANT);
  const caller: Caller = createCaller({
    owner: `key:${key.id}`,
    actor: { kind: "key", id: key.id, name: key.name },
    scopes: key.scopes,
    limits: key.limits,
  });
  const log = () => {};
  const appWith = (authenticator: Authenticator): Handler =>
    createTestApp({
      ...devices,
      kv,
      series,
      intake,
      now,
      log,
      authenticators: [authenticator],
    }).app.fetch;
  const authenticator = keyAuthenticator({ keys, now: Date.now, log });
  const request = telemetryRequest(text, 0);
  let count = 0;
  return {
    known: appWith({ authenticate: () => caller }),
    keyed: appWith(authenticator),
    lookUp() {
      for (let sent = 0; sent < REQUESTS; sent++) {
        const token = presentedToken(request);
        if (token === null || token instanceof AppError) throw new TypeError("Cannot find the key");
        const found = authenticator.authenticate({ request, token, address: "192.0.2.7" });
        if (found === null || !("owner" in found)) throw new TypeError("Cannot accept the key");
      }
      return Promise.resolve();
    },
    async post(handler) {
      for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
        const requests = Array.from({ length: AT_ONCE }, () => telemetryRequest(text, count++));
        const answers = await Promise.all(requests.map((request) => handler(request)));
        const wrong = answers.find(({ status }) => status !== 201);
        if (wrong !== undefined) throw new Error(await wrong.text());
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function telemetryRequest(key: string, number: number): Request {
  const body = JSON.stringify({
    device_id: `bench-${number % 10}`,
    timestamp: new Date(FIRST_MS + number * 1_000).toISOString(),
    metrics: { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: 20 },
  });
  return new Request("http://localhost/telemetry", {
    method: "POST",
    headers: {
      "authorization": `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": String(body.length),
    },
    body,
  });
}
