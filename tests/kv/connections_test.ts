import { withConnections } from "../../kv/connections.ts";
import { type PromptKv, withPromptAnswers } from "../../kv/prompt_answers.ts";
import { wrapKv } from "../../kv/wrapped_kv.ts";
import { assertEquals } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { withSlowAcks } from "../support/slow_acks.ts";

/** A connection of its own to a database: an object that can get methods of its own. */
function connectTo(kv: Deno.Kv, close = () => {}): Deno.Kv {
  return wrapKv(kv, { close });
}

/** A connection with so many outstanding requests, whose reads say which one it is. */
function busyConnection(name: string, outstanding: () => number, closed: string[]): PromptKv {
  const kv = connectTo({} as Deno.Kv, () => void closed.push(name));
  return Object.assign(kv, {
    outstanding,
    get: (key: Deno.KvKey) => Promise.resolve({ key, value: name, versionstamp: "v" }) as never,
  });
}

Deno.test("a call goes over the first connection with the fewest outstanding requests", async () => {
  const outstanding = [0, 0, 0], closed: string[] = [];
  const [a, b, c] = outstanding.map((_, at) =>
    busyConnection(`${at}`, () => outstanding[at], closed)
  );
  const kv = withConnections([a, b, c]);
  const taken = async (...now: number[]) => {
    outstanding.splice(0, 3, ...now);
    return (await kv.get<string>(["a"])).value;
  };
  assertEquals(await taken(0, 0, 0), "0");
  assertEquals(await taken(1, 0, 0), "1");
  assertEquals(await taken(1, 2, 0), "2");
  assertEquals(await taken(3, 1, 2), "1");
  kv.close();
  assertEquals(closed, ["0", "1", "2"]);
});

Deno.test("small reads that nobody has an answer to count as outstanding", async () => {
  using database = await Deno.openKv(":memory:");
  const door = Promise.withResolvers<void>();
  const held = Object.assign(connectTo(database), { get: () => door.promise as never });
  const kv = withPromptAnswers(held);
  assertEquals(kv.outstanding(), 0);
  // A long request, before which a small read goes.
  await kv.set(["a"], new Uint8Array(2_000));
  assertEquals(kv.outstanding(), 1);
  door.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(kv.outstanding(), 0);
});

/** How many small reads acknowledgements need when two reads and a commit are made at once, again and again. */
async function smallReads(count: number): Promise<number> {
  using database = await Deno.openKv(":memory:");
  using stack = new DisposableStack();
  let small = 0;
  const connect = () => {
    const kv = connectTo(database);
    const get: typeof kv.get = (key, options) => {
      if (key[0] === "prompt") small++;
      return database.get(key, options);
    };
    return withPromptAnswers(stack.use(withSlowAcks(Object.assign(kv, { get }))).kv);
  };
  const others = Array.from({ length: count - 1 }, connect);
  using kv = withConnections([connect(), ...others]);
  for (let step = 0; step < 5; step++) {
    await Promise.all([kv.getMany([["a"]]), kv.set(["a"], step), kv.getMany([["b"]])]);
    await pause(10);
  }
  return small;
}

Deno.test("with a connection for each of three callers, no acknowledgement needs a small read", async () => {
  // One connection shows that something would wait.
  assertEquals(await smallReads(1) > 0, true);
  assertEquals(await smallReads(3), 0);
});
