/**
 * Services that export continuously, and the files they exported.
 *
 * @module
 */

import type { ContinuousSettings } from "../../data/continuous_settings.ts";
import type { Settings } from "../../data/settings.ts";
import { askJson, type JsonAnswer, startTestService, TEST_SETTINGS } from "./service.ts";
import type { TestService } from "./service.ts";
import { until } from "./until.ts";

/** A limit that no device reaches. */
const UNLIMITED = { requests: 1_000_000, windowMs: 1_000 };

/** Starts a service that exports windows of an hour to a folder, as CSV. */
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
  // The literals above widen to `string`; "csv" is a valid format.
  const settings = { ...base, ...continuous } as ContinuousSettings;
  return startTestService({ rateLimit: UNLIMITED, ...changes, continuous: settings });
}

/** The paths of all files below a folder, relative to it and sorted; none if it is missing. */
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

/** Every exported file by its path, as text with one character per byte. */
export async function readExportedFiles(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await listFiles(folder)) {
    const bytes = await Deno.readFile(`${folder}/${name}`).catch((error) => {
      // A service that runs may have replaced or deleted it since it was listed.
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (bytes !== null) files[name] = new TextDecoder("latin1").decode(bytes);
  }
  return files;
}

/** The continuous export of a device, as the API answers it. */
export async function exportOf(url: string, deviceId: string): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/api/continuous-exports/${deviceId}`)).body;
}

/** Sends a control request, such as `run`. */
export function control(
  url: string,
  { deviceId, action, body }: { deviceId: string; action: string; body?: unknown },
): Promise<JsonAnswer> {
  return askJson(`${url}/api/continuous-exports/${deviceId}/${action}`, {
    method: "POST",
    ...(body === undefined ? {} : {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
}

/** Waits until everything that devices sent is exported. */
export async function untilExported(
  url: string,
  deviceIds: readonly string[],
  timeoutMs = 28_000,
): Promise<void> {
  for (const deviceId of deviceIds) {
    let tries = 0;
    await until(async () => {
      const { state, exported_revision, revision, replays } = await exportOf(url, deviceId);
      if (state === "up_to_date" && exported_revision === revision && replays.length === 0) {
        return true;
      }
      // Without a run request, late readings are exported once a minute.
      if (tries++ % 40 === 0) await control(url, { deviceId, action: "run" });
      return false;
    }, timeoutMs);
  }
}
