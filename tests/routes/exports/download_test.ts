import { claimed, failed } from "../../../jobs/engine/transitions.ts";
import { assertEquals, assertNotEquals } from "../../support/assert.ts";
import {
  askJson,
  exportToEnd,
  importText,
  startTestService,
  type TestService,
} from "../../support/service.ts";
import { appWithJob, exportJob, JOB_ID } from "../app_fixture.ts";
import { EXAMPLE, NOW_MS, postExport } from "./export_example.ts";
import { FILE_HEADER, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

/** The content of the file: 65 + 42 + 27 bytes. */
const TEXT = FILE_HEADER +
  "2024-01-01T00:00:00Z,123,0.5,30,230,130.4\n" +
  "2024-01-01T00:01:00Z,123,,,,\n";
const SIZE = TEXT.length;
const LAST_MODIFIED = "Sat, 01 Jun 2024 12:00:00 GMT";

/** Exports {@link TEXT}; returns the address of the file. */
async function exportText({ url }: TestService, meterId = "123"): Promise<string> {
  const upload = UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.5,30,230,130.4\n" +
    "2024-01-01T00:01:00Z,,,,\n";
  await importText(url, meterId, upload);
  const { file_info } = await exportToEnd(url, { ...EXAMPLE, smart_meter_id: meterId });
  return url + file_info.download_url;
}

/** Downloads the file from a new service, completed at `NOW_MS`; returns the answer and its text. */
async function download(
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ response: Response; text: string }> {
  await using service = await startTestService({ now: () => NOW_MS });
  const response = await fetch(await exportText(service), { method, headers });
  return { response, text: await response.text() };
}

async function sha256(): Promise<{ hex: string; base64: string }> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(TEXT));
  const bytes = new Uint8Array(digest);
  return { hex: bytes.toHex(), base64: bytes.toBase64() };
}

/** The headers of a whole file, as the contract defines them. */
async function wholeHeaders(): Promise<Record<string, string>> {
  const { hex, base64 } = await sha256();
  return {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": 'attachment; filename="smart_meter_123_20240101_20240131.csv"',
    "content-length": String(SIZE),
    "etag": `"${hex}"`,
    // RFC 9530 §2: a structured dictionary of byte sequences.
    "repr-digest": `sha-256=:${base64}:`,
    "accept-ranges": "bytes",
    "last-modified": LAST_MODIFIED,
  };
}

function assertHeaders({ headers }: Response, expected: Record<string, string | null>): void {
  const names = Object.keys(expected);
  assertEquals(Object.fromEntries(names.map((name) => [name, headers.get(name)])), expected);
}

Deno.test("GET returns the whole file with all its headers", async () => {
  const { response, text } = await download();
  assertEquals([response.status, text], [200, TEXT]);
  assertHeaders(response, { ...await wholeHeaders(), "content-range": null });
});

Deno.test("HEAD returns the headers of GET and no body", async () => {
  const { response, text } = await download({}, "HEAD");
  assertEquals([response.status, text], [200, ""]);
  assertHeaders(response, await wholeHeaders());
});

for (const method of ["GET", "HEAD"]) {
  Deno.test(`${method} with the current tag is answered with 304`, async () => {
    const { hex } = await sha256();
    const { response, text } = await download({ "if-none-match": `"${hex}"` }, method);
    assertEquals([response.status, text], [304, ""]);
    // RFC 9110 §15.4.5: the validators that a 200 would have.
    assertHeaders(response, { "etag": `"${hex}"`, "last-modified": LAST_MODIFIED });
  });
}

Deno.test("If-Modified-Since with the date of the file is answered with 304", async () => {
  const { response } = await download({ "if-modified-since": LAST_MODIFIED });
  assertEquals(response.status, 304);
});

Deno.test("If-None-Match with another tag returns the file", async () => {
  const { response, text } = await download({ "if-none-match": '"other", W/"another"' });
  assertEquals([response.status, text], [200, TEXT]);
});

Deno.test("If-Match with another tag is a failed precondition", async () => {
  await using service = await startTestService();
  const file = await exportText(service);
  assertProblem(await askJson(file, { headers: { "if-match": '"other"' } }), {
    status: 412,
    code: "PRECONDITION_FAILED",
    detail: /file/,
  });
});

const PARTS: [what: string, range: string, start: number, end: number][] = [
  ["the first byte", "bytes=0-0", 0, 1],
  ["the middle", "bytes=65-106", 65, 107],
  ["the last five bytes", "bytes=-5", SIZE - 5, SIZE],
  ["everything from the second line", "bytes=65-", 65, SIZE],
  ["a range beyond the end", `bytes=100-${SIZE + 50}`, 100, SIZE],
];

for (const [what, range, start, end] of PARTS) {
  Deno.test(`a Range of ${what} is answered with 206`, async () => {
    const { response, text } = await download({ range });
    assertEquals([response.status, text], [206, TEXT.slice(start, end)]);
    assertHeaders(response, {
      ...await wholeHeaders(),
      "content-length": String(end - start),
      "content-range": `bytes ${start}-${end - 1}/${SIZE}`,
    });
  });
}

Deno.test("a Range outside the file is answered with 416 and the size of the file", async () => {
  await using service = await startTestService();
  const answer = await askJson(await exportText(service), {
    headers: { range: `bytes=${SIZE}-` },
  });
  assertProblem(answer, {
    status: 416,
    code: "RANGE_NOT_SATISFIABLE",
    detail: `The file has ${SIZE} bytes`,
  });
  assertEquals(answer.headers.get("content-range"), `bytes */${SIZE}`);
});

for (const range of ["bytes=5-2", "bytes=0-0,-1", "lines=1-2", "bytes=x"]) {
  Deno.test(`Range: ${range} is answered with the whole file`, async () => {
    const { response, text } = await download({ range });
    assertEquals([response.status, text], [200, TEXT]);
    assertHeaders(response, { "content-range": null, "content-length": String(SIZE) });
  });
}

Deno.test("If-Range returns the part if the client has the current file", async () => {
  const { hex } = await sha256();
  const statusFor = async (ifRange: string) =>
    (await download({ "range": "bytes=65-", "if-range": ifRange })).response.status;
  assertEquals(await statusFor(`"${hex}"`), 206);
  assertEquals(await statusFor(LAST_MODIFIED), 206);
  assertEquals(await statusFor('"other"'), 200);
  assertEquals(await statusFor("Sat, 01 Jun 2024 12:00:01 GMT"), 200);
});

Deno.test("exports of the same readings have the same tag, of other readings another", async () => {
  await using service = await startTestService();
  const tagOf = async (meterId: string) => {
    const response = await fetch(await exportText(service, meterId), { method: "HEAD" });
    return response.headers.get("etag");
  };
  const tag = await tagOf("123");
  assertEquals(await tagOf("123"), tag);
  assertNotEquals(await tagOf("124"), tag);
});

Deno.test("the file name for an id with a colon has no colon", async () => {
  await using service = await startTestService();
  const response = await fetch(await exportText(service, "home:1"), { method: "HEAD" });
  assertHeaders(response, {
    "content-disposition": 'attachment; filename="smart_meter_home_1_20240101_20240131.csv"',
  });
});

Deno.test("an unknown id and an invalid id have no file", async () => {
  await using service = await startTestService();
  for (const id of ["00000000-0000-4000-8000-000000000000", "x".repeat(5_000)]) {
    assertProblem(await askJson(`${service.url}/api/export/download/${id}`), {
      status: 404,
      code: "JOB_NOT_FOUND",
      detail: `Job with ID '${id}' not found`,
    });
  }
});

Deno.test("a pending job has no file, and the answer says so", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postExport(service.url);
  assertProblem(await askJson(`${service.url}/api/export/download/${body.job_id}`), {
    status: 404,
    code: "EXPORT_NOT_READY",
    detail: /\bpending\b/,
  });
});

Deno.test("a running job has no file yet", async () => {
  const { app } = appWithJob(claimed(exportJob(), "owner", NOW_MS));
  assertProblem(await jsonAnswer(await app.request(`/api/export/download/${JOB_ID}`)), {
    status: 404,
    code: "EXPORT_NOT_READY",
    detail: /\b(pending|running)\b/,
  });
});

Deno.test("a failed job has no file, and the answer says so", async () => {
  await using service = await startTestService();
  const { job_id } = await exportToEnd(service.url, { ...EXAMPLE, smart_meter_id: "999" });
  assertProblem(await askJson(`${service.url}/api/export/download/${job_id}`), {
    status: 404,
    code: "EXPORT_FAILED",
    detail: /\bfailed\b/,
  });
});

Deno.test("a job of another kind is not found as an export", async () => {
  const error = { code: "X", message: "", details: "" };
  const job = failed(exportJob("report"), NOW_MS, { error, keptUntilMs: NOW_MS });
  const { app } = appWithJob(job);
  const answer = await jsonAnswer(await app.request(`/api/export/download/${JOB_ID}`));
  assertEquals([answer.status, answer.body.code], [404, "JOB_NOT_FOUND"]);
});
