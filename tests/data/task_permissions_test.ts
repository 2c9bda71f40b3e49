import { fileTaskFlags } from "../../data/task_permissions.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("tasks that read and write any file reach only the database and S3", () => {
  const netOf = (environment: Record<string, string>) => {
    const flags = fileTaskFlags(environment, "/srv");
    assertEquals(flags.slice(0, 2), ["--allow-read", "--allow-write"]);
    assert(flags.every((flag) => !/^--allow-(run|ffi|all|sys)/.test(flag)), flags.join(" "));
    return flags.filter((flag) => flag.startsWith("--allow-net"));
  };
  assertEquals(netOf({}), []);
  assertEquals(netOf({ KV_PATH: "https://kv.example/x" }), ["--allow-net=kv.example:443"]);
  const s3 = {
    FILE_STORE: "s3://artifacts",
    S3_ENDPOINT: "http://127.0.0.1:9000",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
  };
  assertEquals(netOf(s3), ["--allow-net=127.0.0.1:9000"]);
});

Deno.test("with wrong settings, such a task may only say what is wrong", () => {
  const flags = fileTaskFlags({ PORT: "x" }, "/srv");
  assert(flags.every((flag) => /^--allow-(read=\.env|env=)/.test(flag)), flags.join(" "));
});
