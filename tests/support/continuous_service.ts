/**
 * Services that export continuously, and what they exported.
 *
 * @module
 */

import type { ContinuousSettings } from "../../data/continuous_settings.ts";
import type { Settings } from "../../data/settings.ts";
import { askJson, type JsonAnswer, startTestService, TEST_SETTINGS } from "./service.ts";
import type { TestService } from "./service.ts";
import { until } from "./until.ts";

/** No device is held up by how often it sends. */
const FREE = { requests: 1_000_000, windowMs: 1_000 };

/** Starts a service that exports hours as CSV to a folder. */
export function startContinuousService(
  path: string,
  { continuous, ...changes }: Partial<Omit<Settings, "continuous">> & {
    continuous?: Partial<ContinuousSettings>;
    now?: () => number;
  } = {},
): Promise<TestService> {
  const base = {
    ...TEST_SETTINGS.continuous,
    isOn: true,
    path,
    format: "csv",
    intervalMs: 3_600_000,
  };
  // The literal is one of the forms there are.
  const settings = { ...base, ...continuous } as ContinuousSettings;
  return startTestService({ rateLimit: FREE, ...changes, continuous: settings });
}

/** Every file below a folder by its path there, sorted; none where it is missing. */
export async function listFiles(folder: string, below = ""): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
      if (isDirectory) names.push(...await listFiles(folder, `${below}${name}/`));
      else names.push(below + name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Every exported file by its path, as text of one character a byte. */
export async function readExportedFiles(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await listFiles(folder)) {
    files[name] = new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
  }
  return files;
}

/** The continuous export of a device, as the service tells it. */
export async function exportOf(url: string, deviceId: string): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/api/continuous-exports/${deviceId}`)).body;
}

/** Asks something of an export, such as `run`. */
export function order(
  url: string,
  { deviceId, verb, body }: { deviceId: string; verb: string; body?: unknown },
): Promise<JsonAnswer> {
  return askJson(`${url}/api/continuous-exports/${deviceId}/${verb}`, {
    method: "POST",
    ...(body === undefined ? {} : {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
}

/** Has devices looked at until all that they sent is exported. */
export async function untilExported(
  url: string,
  deviceIds: readonly string[],
  timeoutMs = 20_000,
): Promise<void> {
  for (const deviceId of deviceIds) {
    let asked = 0;
    await until(async () => {
      const { state, exported_revision, revision, replays } = await exportOf(url, deviceId);
      if (state === "up_to_date" && exported_revision === revision && replays.length === 0) {
        return true;
      }
      // Before its first look there is nothing to ask.
      if (asked++ % 40 === 0) await order(url, { deviceId, verb: "run" });
      return false;
    }, timeoutMs);
  }
}
