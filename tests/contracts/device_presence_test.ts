import { strictKv } from "../support/strict_kv.ts";
import { testDevicePresence } from "./device_presence_suite.ts";

testDevicePresence("local KV", () => Deno.openKv(":memory:"));
testDevicePresence("strict KV", async () => strictKv(await Deno.openKv(":memory:")));
