/**
 * Links that cancel mails: GET shows what they cancel, POST does it (RFC 8058).
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type MailStop, parseStopToken } from "../../data/notify/mail_stop.ts";
import { readMailStopSecret } from "../../kv/access/secrets.ts";
import { isMailStopped, resumeMails, stopMails } from "../../kv/notify/mail_stops.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { bodyChunks } from "../http/request_body.ts";
import { RESUME, stopPage } from "./mail_stop_page.ts";

/** The longest form that is read, bytes. */
const BODY_MAX_BYTES = 4_096;

/** What the routes need. */
export interface MailStopDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** `GET` and `POST /mails/stop/{token}`. */
export function mailStopRoutes({ kv, now }: MailStopDeps): GuardedRoutes {
  async function found(token: string): Promise<MailStop> {
    const secret = await readMailStopSecret(kv);
    const stop = secret === null ? null : parseStopToken(secret, token);
    if (stop !== null) return stop;
    throw new AppError("LINK_INVALID", "The address is not a whole link of a mail; copy all of it");
  }

  return guardedRoutes()
    .get("/mails/stop/:token", async (c) => {
      const stop = await found(c.req.param("token"));
      return stopPage(stop, await isMailStopped(kv, stop));
    })
    .post("/mails/stop/:token", async (c) => {
      const stop = await found(c.req.param("token"));
      const isResumed = await readAction(c.req.raw) === RESUME;
      if (isResumed) await resumeMails(kv, stop);
      else await stopMails(kv, stop, now());
      return stopPage(stop, !isResumed);
    });
}

/** The `action` of a form; null if there is none. Mail programs send other forms, which all cancel. */
async function readAction(request: Request): Promise<string | null> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return null;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of bodyChunks(request)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > BODY_MAX_BYTES) return null;
  }
  return new URLSearchParams(text).get("action");
}
