import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { askJson, importText } from "../support/service.ts";
import { runTask } from "../support/task.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const DAY_2 = Date.UTC(2024, 0, 2);

Deno.test("verify works while the service runs, finds what is damaged, and repairs it when it has stopped", async () => {
  await using folder = await makeTempFolder();
  const { path } = folder;
  const database = `${path}/.openwatts/kv.sqlite3`;
  const verify = (...args: string[]) => runTask({ task: "verify", args, folder: path });
  {
    await using service = await startProcess(path, {});
    const hours = Array.from(
      { length: 72 },
      (_, hour) => `${new Date(Date.UTC(2024, 0, 1, hour)).toISOString()},${hour}`,
    );
    await importText(service.url, "m1", `timestamp,power_kw\n${hours.join("\n")}\n`);
    const live = await verify();
    assertEquals(live.code, 0, live.err + live.out);
    assertMatch(live.err, /^A service uses the database, so a copy is verified\n/);
    assertMatch(
      live.out,
      /^Checked 1 series with 3 blocks and 0 segments, .+\nNothing is wrong\n$/,
    );
    const refused = await verify("--repair");
    assertEquals(refused.code, 1);
    assertMatch(refused.err, /another process has it open/);
  }
  {
    using kv = await Deno.openKv(database);
    await kv.set(["block", "meter", "m1", DAY_2], new Uint8Array(30));
    await kv.set(["journal", 1_000_000], Uint8Array.of(9));
  }
  const journal = await verify();
  assertEquals(journal.code, 1);
  assertMatch(journal.out, /Record 1000000 of the journal is damaged/);

  const repaired = await verify("--repair", "--json");
  assertEquals(repaired.code, 0, repaired.err);
  const { sound, findings, set_aside: setAside } = JSON.parse(repaired.out);
  assertEquals([sound, setAside], [true, 2]);
  assertEquals(
    findings.map(({ check, day, repaired }: Record<string, unknown>) => [check, day, repaired]),
    [["journal", undefined, true], ["block", "2024-01-02", true]],
  );
  const sound2 = await verify();
  assertEquals(sound2.code, 0, sound2.out);
  assertMatch(sound2.out, /Set aside, now and earlier: 2\nNothing is wrong\n$/);

  await using service = await startProcess(path, {});
  const { body: { meters: [meter] } } = await askJson(`${service.url}/api/meters`);
  assertEquals(meter.smart_meter_id, "m1");
});

Deno.test("verify finds that a database file or a backup is damaged", async () => {
  await using folder = await makeTempFolder();
  const { path } = folder;
  const database = `${path}/.openwatts/kv.sqlite3`;
  await (await startProcess(path, { DEMO_DATA: "true" }))[Symbol.asyncDispose]();
  assertEquals((await runTask({ task: "backup", args: ["b"], folder: path })).code, 0);
  const sound = await runTask({ task: "verify", args: ["b"], folder: path });
  assertEquals(sound.code, 0, sound.out);
  for (const [file, args] of [[database, []], [`${path}/b`, ["b"]]] as const) {
    using open = await Deno.open(file, { write: true });
    for (let page = 20; page < 60; page++) {
      await open.seek(page * 4_096, Deno.SeekMode.Start);
      await open.write(new Uint8Array(512).fill(7));
    }
    const { code, out } = await runTask({ task: "verify", args, folder: path });
    assertEquals(code, 1);
    assertMatch(out, /The database file is damaged: .+/);
  }
  const wrong = await runTask({ task: "verify", args: ["b", "--repair"], folder: path });
  assertEquals(wrong.code, 2);
  assert(wrong.err.startsWith("Use: deno task verify"));
});
