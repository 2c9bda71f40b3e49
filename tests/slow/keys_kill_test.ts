import { type KeyState, keyState } from "../../data/access/key.ts";
import { parseKey } from "../../data/access/key_text.ts";
import { openKeys } from "../../kv/access/keys.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killRounds } from "../support/thorough.ts";

/** Clients that change keys at the same time, each its own. */
const CLIENTS = 4;
/** A round is killed within this time, milliseconds. */
const ROUND_MS = 1_200;
/** The key with which the clients change the others. */
const ADMIN_KEY = `ow_admin_${"0123456789abcdef".repeat(4)}`;

/** What a client knows of a key: what was answered, and what was sent without an answer. */
interface KnownKey {
  readonly id: string;
  /** Texts that must count. */
  valid: string[];
  /** A text that may count or not: an old one that another rotation may have ended. */
  doubtful: string[];
  /** Texts that must not count. */
  ended: string[];
  /** Names of which the key must have one. */
  names: string[];
  /** Whether it must be revoked; null if either may be. */
  isRevoked: boolean | null;
}

/** Sends a request. Null if the service died before it answered. */
async function send(
  { url }: ServiceProcess,
  method: string,
  path: string,
  body?: unknown,
): Promise<JsonAnswer | null> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" };
  try {
    return await askJson(url + path, { method, headers, body: JSON.stringify(body) });
  } catch {
    return null;
  }
}

/** Makes a key, changes, rotates and revokes it, over and over until the service dies. */
async function changeKeys(service: ServiceProcess, known: KnownKey[], name: string): Promise<void> {
  for (let number = 0;; number++) {
    const made = await send(service, "POST", "/api/keys", { name, scopes: ["read"] });
    if (made === null) return;
    assertEquals(made.status, 201, JSON.stringify(made.body));
    const { id, key: text } = made.body;
    const key: KnownKey = {
      id,
      valid: [text],
      doubtful: [],
      ended: [],
      names: [name],
      isRevoked: false,
    };
    known.push(key);
    if (!await rename(service, key, `${name} ${number}`)) return;
    if (!await rotate(service, key, 3_600)) return;
    if (!await rotate(service, key, number % 2 === 0 ? 3_600 : 0)) return;
    if (number % 2 === 0 && !await revoke(service, key)) return;
  }
}

async function rename(service: ServiceProcess, key: KnownKey, name: string): Promise<boolean> {
  key.names.push(name);
  const answer = await send(service, "PATCH", `/api/keys/${key.id}`, { name });
  if (answer === null) return false;
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  key.names = [name];
  return true;
}

/** Whoever does not hear the answer still has a text that counts, if there is a grace. */
async function rotate(service: ServiceProcess, key: KnownKey, grace: number): Promise<boolean> {
  const [current, ...older] = key.valid;
  if (grace === 0) {
    key.valid = [];
    key.doubtful = [current, ...older];
  } else {
    key.valid = [current];
    key.doubtful = older;
  }
  const body = { grace_seconds: grace };
  const answer = await send(service, "POST", `/api/keys/${key.id}/rotate`, body);
  if (answer === null) return false;
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  key.valid = [answer.body.key, ...key.valid];
  key.ended.push(...key.doubtful);
  key.doubtful = [];
  return true;
}

async function revoke(service: ServiceProcess, key: KnownKey): Promise<boolean> {
  key.isRevoked = null;
  const answer = await send(service, "DELETE", `/api/keys/${key.id}`);
  if (answer === null) return false;
  assertEquals(answer.status, 204);
  key.isRevoked = true;
  return true;
}

/**
 * Compares the database with what the clients know. Returns the states of their keys.
 *
 * @param rounds How many rounds `known` is all keys of; null if it is some of them.
 */
async function check(
  folder: TempFolder,
  known: readonly KnownKey[],
  rounds: number | null,
): Promise<KeyState[]> {
  await using opened = await openKv(`${folder.path}/openwatts.sqlite3`);
  await using keys = await openKeys({ ...opened, now: Date.now });
  const counts = async (text: string) => {
    const parts = parseKey(text);
    return parts !== null && "caller" in await keys.verify(parts, "");
  };
  const states: KeyState[] = [];
  for (const { id, valid, ended, names, isRevoked } of known) {
    const key = await keys.get(id);
    assert(key !== null, id);
    const state = keyState(key, Date.now());
    states.push(state);
    if (isRevoked !== null) assertEquals(state === "revoked", isRevoked, id);
    assert(names.includes(key.name), `${id}: ${key.name} is none of ${names}`);
    for (const text of valid) assertEquals(await counts(text), state === "active", id);
    for (const text of ended) assertEquals(await counts(text), false, id);
  }
  if (rounds === null) return states;
  // Each client can have one key a round whose answer it did not hear.
  const all = (await keys.list()).filter(({ origin }) => origin === "api");
  const unheard = all.length - known.length;
  assert(unheard >= 0 && unheard <= CLIENTS * rounds, `${unheard} keys nobody knows`);
  return states;
}

Deno.test("kill -9 amid changes of keys loses none that was answered, and leaves each key a text that counts", async () => {
  await using folder = await makeTempFolder();
  const env = { KV_PATH: `${folder.path}/openwatts.sqlite3`, AUTH: "keys", ADMIN_KEY };
  const known: KnownKey[] = [];
  const states = new Set<KeyState>();
  let rounds = 0;
  for (const { round, delayMs } of killRounds(KILL_ROUNDS, () => states.size === 2)) {
    const older = known.length;
    rounds = round;
    await using service = await startProcess(folder.path, env);
    const clients = Array.from(
      { length: CLIENTS },
      (_, client) => changeKeys(service, known, `round ${round} client ${client}`),
    );
    await pause(delayMs(ROUND_MS));
    service.kill("SIGKILL");
    await Promise.all([...clients, service.ended]);
    for (const state of await check(folder, known.slice(older), null)) states.add(state);
  }
  await check(folder, known, rounds);
  assertEquals([...states].toSorted(), ["active", "revoked"]);
});
