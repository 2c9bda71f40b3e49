import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killRounds } from "../support/thorough.ts";

/** Sets devices up, four at a time, until the service is gone. Returns those that were answered. */
async function setUpDevices({ url, ended }: ServiceProcess, round: number): Promise<string[]> {
  const answered: string[] = [];
  let number = 0, isOver = false;
  ended.then(() => isOver = true);
  const lane = async () => {
    while (!isOver) {
      const id = `${round}-${++number}`;
      const init = {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ location: id }),
      };
      const answer = await askJson(`${url}/devices/${id}`, init).catch(() => null);
      if (answer?.status === 201) answered.push(id);
    }
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  return answered;
}

/** All entries of a list, page by page. */
async function all(url: string, path: string, name: string): Promise<JsonAnswer["body"][]> {
  const found: JsonAnswer["body"][] = [];
  for (let next: string | null = path; next !== null;) {
    const { body }: JsonAnswer = await askJson(url + next);
    found.push(...body[name]);
    next = body.next;
  }
  return found;
}

Deno.test(`the audit survives kill -9, ${FEWER_KILL_ROUNDS} rounds: no change is without an entry`, async () => {
  await using folder = await makeTempFolder();
  const answered: string[] = [];
  let rounds = 0;
  for (const { round, delayMs } of killRounds(FEWER_KILL_ROUNDS, () => answered.length > 0)) {
    rounds = round;
    await using service = await startProcess(folder.path, {});
    const working = setUpDevices(service, round);
    await pause(delayMs(500));
    service.kill("SIGKILL");
    answered.push(...await working);
  }
  await using service = await startProcess(folder.path, {});
  const { url } = service;
  const entries = await all(url, "/api/audit?limit=1000&action=device.change", "entries");
  const outcomes = new Map<string, string>();
  for (const { subject, outcome, details } of entries) {
    outcomes.set(subject.id, outcome);
    if (outcome === "done") assertEquals(details.changes.location, { from: null, to: subject.id });
  }
  // What was answered has its outcome; what was only begun may have none.
  for (const id of answered) assertEquals(outcomes.get(id), "done", id);
  const devices = await all(url, "/devices?limit=1000", "devices");
  assert(devices.length >= answered.length && answered.length > 0);
  for (const { device_id } of devices) assert(outcomes.has(device_id), device_id);
  const unknown = [...outcomes.values()].filter((outcome) => outcome === "unknown").length;
  console.log(`${answered.length} answered, ${devices.length} devices, ${unknown} unknown`);
  assert(unknown <= 4 * rounds);
});
