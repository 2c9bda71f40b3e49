import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, exportToEnd, startTestService } from "../../support/service.ts";
import { EXAMPLE } from "../exports/export_example.ts";
import { FILE_HEADER, minuteLines, minuteStream, minuteText } from "../meters/meter_csv.ts";
import { assertProblem } from "../problem_assert.ts";

/** Readings for a file of about 9 MB, which is more than the buffers of a socket hold. */
const MANY = 200_000;

Deno.test({
  name: "a client that goes away ends the read of its file, whole or in part",
  // /proc shows which files a process has open.
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using service = await startTestService();
    const file = await exportMany(service.url);
    // Several ranges are answered with the whole file.
    for (const range of ["bytes=0-0,-1", "bytes=1000-"]) {
      const response = await fetch(file, { headers: { range } });
      const reader = response.body?.getReader();
      assert((await reader?.read())?.value, "the file is empty");
      assert(openFiles(service.folder) > 0, "the file was read to its end at once");
      await reader?.cancel();
      await untilNoFileIsOpen(service.folder);
    }
    const again = await fetch(file);
    assertEquals((await again.text()).length, Number(again.headers.get("content-length")));
  },
});

Deno.test("a service that stops completes running downloads", async () => {
  const service = await startTestService();
  const response = await fetch(await exportMany(service.url));
  const [text] = await Promise.all([response.text(), service[Symbol.asyncDispose]()]);
  assertEquals(text, FILE_HEADER + minuteLines(0, MANY).replaceAll("Z,", "Z,123,"));
});

Deno.test("20 concurrent downloads of one file are all complete", async () => {
  await using service = await startTestService();
  const file = await exportMany(service.url, 20_000);
  const expected = FILE_HEADER + minuteLines(0, 20_000).replaceAll("Z,", "Z,123,");
  const texts = await Promise.all(
    Array.from({ length: 20 }, async () => await (await fetch(file)).text()),
  );
  assertEquals(texts.filter((text) => text === expected).length, 20);
});

Deno.test("a missing file of an existing job is a fault of the file store", async () => {
  await using service = await startTestService();
  const file = await exportMany(service.url, 5);
  for (const { name } of Deno.readDirSync(service.folder)) {
    Deno.removeSync(`${service.folder}/${name}`);
  }
  assertProblem(await askJson(file), {
    status: 503,
    code: "STORAGE_UNAVAILABLE",
    detail: "The file is missing from the file store",
  });
  const errors = service.logged.filter(({ level }) => level === "error");
  assertEquals(errors.map(({ event }) => event), ["request failed"]);
});

async function exportMany(url: string, count = MANY): Promise<string> {
  const headers = { "content-type": "text/csv" };
  const body = minuteStream(count);
  await askJson(`${url}/api/meters/123/readings`, { method: "POST", headers, body });
  const range = { ...EXAMPLE, end_datetime: minuteText(count - 1) };
  const { file_info } = await exportToEnd(url, range);
  return url + file_info.download_url;
}

/** How many files of a folder this process has open. */
function openFiles(folder: string): number {
  return Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => linkOf(name))
    .filter((path) => path.startsWith(`${folder}/`)).length;
}

function linkOf(name: string): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${name}`);
  } catch {
    // Closed after it was listed.
    return "";
  }
}

async function untilNoFileIsOpen(folder: string): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (openFiles(folder) > 0) {
    assert(Date.now() < endMs, "the file is still open");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
