import { assertEquals } from "../support/assert.ts";
import { heapFlags, limitFiles, smallestLimit } from "../../data/heap_limit.ts";

const ALWAYS = ["--max-semi-space-size=4", "--heap-growing-percent=40"];
const MIB = 2 ** 20;

Deno.test("in a container of version 2, the limit is at the root", () => {
  assertEquals(limitFiles("0::/\n"), [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  ]);
});

Deno.test("a unit of systemd has its limit in its own group or in one around it", () => {
  assertEquals(limitFiles("0::/system.slice/openwatts.service\n").slice(0, 3), [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/system.slice/memory.max",
    "/sys/fs/cgroup/system.slice/openwatts.service/memory.max",
  ]);
});

Deno.test("groups of version 1 are found in any order, alone or together with others", () => {
  const docker = "12:cpu,cpuacct:/docker/1\n9:memory:/docker/1\n0::/\n";
  assertEquals(limitFiles(docker).slice(1), [
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes",
  ]);
  assertEquals(
    limitFiles("3:hugetlb,memory:/a\n").includes("/sys/fs/cgroup/memory/a/memory.limit_in_bytes"),
    true,
  );
});

Deno.test("outside Linux there is no limit", () => {
  assertEquals(smallestLimit(limitFiles("").map(() => "")), null);
});

for (
  const [contents, limit] of [
    [["max\n"], null],
    [["9223372036854771712\n"], null],
    [["max\n", "536870912\n"], 512 * MIB],
    [["1073741824\n", "536870912\n", "max\n"], 512 * MIB],
    [["0\n", "", "text"], null],
  ] as const
) {
  Deno.test(`of ${JSON.stringify(contents)} the limit is ${limit}`, () => {
    assertEquals(smallestLimit(contents), limit);
  });
}

for (
  const [limit, heap] of [[512 * MIB, 320], [64 * MIB, 64], [2 ** 30, 640], [
    32 * 2 ** 30,
    4096,
  ]]
) {
  Deno.test(`with ${limit / MIB} MiB of memory the heap has ${heap} MiB`, () => {
    assertEquals(heapFlags(limit), [...ALWAYS, `--max-old-space-size=${heap}`]);
  });
}

Deno.test("without a limit V8 sizes its heap", () => {
  assertEquals(heapFlags(null), ALWAYS);
});
