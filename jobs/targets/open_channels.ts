/**
 * Opens the channels of e-mail and of places, as the settings say.
 *
 * @module
 */

import type { DeliverySettings } from "../../data/delivery_settings.ts";
import type { DomainEvent } from "../../data/events/event.ts";
import { LINK_MAX_SECONDS } from "../../data/limits.ts";
import type { Channel } from "../../data/notify/channel.ts";
import { eventMail } from "../../data/notify/event_mail.ts";
import type { FileLink, JobFile } from "../../data/notify/job_file.ts";
import { createMailChannel } from "../../data/notify/mail_channel.ts";
import { addressTag, type StopScope, stopToken } from "../../data/notify/mail_stop.ts";
import { createPlaceChannel } from "../../data/notify/place_channel.ts";
import { createSmtpTransport } from "../../data/notify/smtp_transport.ts";
import type { S3Access } from "../../data/s3/sign.ts";
import { signFileLink } from "../../kv/access/file_links.ts";
import { mailStopSecret } from "../../kv/access/secrets.ts";
import { isMailStopped } from "../../kv/notify/mail_stops.ts";
import { createFindFile, type JobFilesDeps, jobOf } from "./job_files.ts";
import { jobMail } from "./job_mail.ts";

/** What the channels need. */
export interface ChannelsDeps extends JobFilesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** The mail server and the places. */
  readonly delivery: DeliverySettings;
  /** Whether no other process has the database open. */
  readonly isExclusive: boolean;
  /** How to reach S3. */
  readonly s3: S3Access;
  /** The address of the service as its users know it; null only without a mail server. */
  readonly publicUrl: string | null;
}

/** The channels of e-mail and of places. Dispose of them when no job runs any more. */
export interface OpenedChannels extends AsyncDisposable {
  /** The channels. */
  readonly channels: readonly Channel[];
  /** A link to the file of the job that an event reports; null without a file or an address. */
  readonly linkTo: (event: DomainEvent) => Promise<FileLink | null>;
}

/** Opens the channels. They reach for nothing before the first message. */
export function openChannels(deps: ChannelsDeps): OpenedChannels {
  const { folder, buckets } = deps.delivery;
  const findFile = createFindFile(deps);
  const places = createPlaceChannel({ folder, buckets, s3: deps.s3, findFile });
  const mail = openMail(deps, findFile);
  const stopped = new AbortController();
  // Others may be writing what looks left over. Whatever fails here is swept at the next start.
  const sweeping = deps.isExclusive ? places.sweep(stopped.signal).catch(() => {}) : null;
  return {
    channels: mail === null ? [places] : [places, mail.channel],
    async linkTo(event) {
      const { publicUrl } = deps;
      const file = publicUrl === null ? null : await findFile(event);
      if (publicUrl === null || file === null) return null;
      return await linkTo(deps, { event, file, publicUrl });
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await sweeping;
      await mail?.close();
    },
  };
}

function openMail(
  deps: ChannelsDeps,
  findFile: ReturnType<typeof createFindFile>,
): { channel: Channel; close(): Promise<void> } | null {
  const { kv, now, publicUrl, delivery: { mail } } = deps;
  if (mail === null || publicUrl === null) return null;
  // Servers distrust clients without a name. An address is no name.
  const { hostname } = new URL(publicUrl);
  const named = /[a-z]/.test(hostname) && !hostname.startsWith("[") ? { clientName: hostname } : {};
  const transport = createSmtpTransport({ ...mail, ...named });

  async function stopOf(scope: StopScope, address: string) {
    const secret = await mailStopSecret(kv, now());
    return { secret, stop: { ...scope, tag: addressTag(secret, address) } };
  }

  const channel = createMailChannel({
    transport,
    senderAddress: mail.sender.address,
    async describe(event) {
      const job = await jobOf(kv, event);
      return (job === null ? null : jobMail(job)) ?? eventMail(event);
    },
    findFile,
    linkTo: (event, file) => linkTo(deps, { event, file, publicUrl }),
    stops: {
      isStopped: async (scope, address) =>
        await isMailStopped(kv, (await stopOf(scope, address)).stop),
      async urlOf(scope, address) {
        const { secret, stop } = await stopOf(scope, address);
        return `${publicUrl}/mails/stop/${stopToken(secret, stop)}`;
      },
    },
  });
  return { channel, close: transport.close };
}

/** A link to the file of a job, as good as whoever asked for the job. */
async function linkTo(
  { kv, now }: ChannelsDeps,
  { event, file, publicUrl }: { event: DomainEvent; file: JobFile; publicUrl: string },
): Promise<FileLink> {
  const nowMs = now();
  const kind = event.type.startsWith("report.") ? "reports" : "exports";
  const leftSeconds = Math.floor((file.expiresMs - nowMs) / 1_000) - 1;
  const { address, expiresMs } = await signFileLink(kv, {
    path: `/api/links/${kind}/${event.subject.id}`,
    seconds: Math.max(1, Math.min(LINK_MAX_SECONDS, leftSeconds)),
    owner: event.account ?? "",
  }, nowMs);
  return { url: publicUrl + address, expiresMs };
}
