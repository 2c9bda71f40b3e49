/**
 * An export as code: the same request in the languages in which people would make it every month.
 *
 * @module
 */

import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import { curlOf, shellText } from "./curl.ts";
import type { View } from "./view.ts";

/** Where the service is, and whether it asks for keys. */
export type CodePlace = Pick<View, "origin" | "hasSignIn">;

/** A language and a function that writes the code in it. */
export interface CodeLanguage {
  /** A word for ids. */
  readonly id: "curl" | "python" | "typescript" | "powerquery";
  /** Its name. */
  readonly name: string;
  /** Writes the code. */
  write(place: CodePlace, body: Readonly<Record<string, unknown>>): string;
}

/** The languages. */
export const CODE_LANGUAGES: readonly CodeLanguage[] = [
  { id: "curl", name: "curl", write: curlCode },
  { id: "python", name: "Python", write: pythonCode },
  { id: "typescript", name: "TypeScript", write: typescriptCode },
  { id: "powerquery", name: "Power Query", write: powerQueryCode },
];

function curlCode(place: CodePlace, body: Readonly<Record<string, unknown>>): string {
  const create = curlOf(place, { path: "/api/exports", json: body })
    .replace(" \\\n", ` \\\n  -H 'Prefer: wait=60' \\\n`);
  const key = place.hasSignIn ? ` -H "Authorization: Bearer $OPENWATTS_KEY"` : "";
  return `JOB=$(${create} | cut -d '"' -f 4)\n` +
    `curl -s -OJ${key} ${shellText(`${place.origin}/api/export/download/`)}$JOB`;
}

function pythonCode(
  { origin, hasSignIn }: CodePlace,
  body: Readonly<Record<string, unknown>>,
): string {
  return [
    ...(hasSignIn ? ["import os"] : []),
    "import time",
    "import requests",
    "",
    `url = ${JSON.stringify(origin)}`,
    "session = requests.Session()",
    ...(hasSignIn
      ? [`session.headers["Authorization"] = "Bearer " + os.environ["OPENWATTS_KEY"]`]
      : []),
    `job = session.post(url + "/api/exports", json=${pythonLiteral(body)})`,
    "job.raise_for_status()",
    `job_id = job.json()["job_id"]`,
    `while (export := session.get(f"{url}/api/exports/{job_id}").json())["status"] in ("pending", "running"):`,
    "    time.sleep(1)",
    `if export["status"] != "completed":`,
    `    raise SystemExit(export["error"])`,
    `file = session.get(url + export["file"]["download_url"])`,
    `with open(export["file"]["filename"], "wb") as out:`,
    "    out.write(file.content)",
  ].join("\n");
}

function typescriptCode(
  { origin, hasSignIn }: CodePlace,
  body: Readonly<Record<string, unknown>>,
): string {
  return [
    `import { writeFile } from "node:fs/promises";`,
    "",
    `const url = ${JSON.stringify(origin)};`,
    "const headers = {",
    ...(hasSignIn ? ["  authorization: `Bearer ${process.env.OPENWATTS_KEY}`,"] : []),
    `  "content-type": "application/json",`,
    `  prefer: "wait=60",`,
    "};",
    `const body = JSON.stringify(${JSON.stringify(body)});`,
    'const created = await fetch(`${url}/api/exports`, { method: "POST", headers, body });',
    "if (!created.ok) throw new Error(await created.text());",
    "const { job_id } = await created.json();",
    "let job;",
    "do {",
    "  job = await (await fetch(`${url}/api/exports/${job_id}`, { headers })).json();",
    `  if (job.status !== "completed") await new Promise((resolve) => setTimeout(resolve, 1000));`,
    `} while (job.status === "pending" || job.status === "running");`,
    `if (job.status !== "completed") throw new Error(JSON.stringify(job.error));`,
    "const file = await fetch(url + job.file.download_url, { headers });",
    "await writeFile(job.file.filename, new Uint8Array(await file.arrayBuffer()));",
  ].join("\n");
}

function powerQueryCode(
  { origin, hasSignIn }: CodePlace,
  body: Readonly<Record<string, unknown>>,
): string {
  const auth = hasSignIn ? `Authorization = "Bearer " & Key` : "";
  const headers = (more: string) => `[${[auth, more].filter((text) => text !== "").join(", ")}]`;
  return `let
${hasSignIn ? `    Key = "paste your key",\n` : ""}    Url = ${mText(origin)},
    Request = Text.ToBinary(${mText(JSON.stringify(body))}),
    Job = Json.Document(Web.Contents(Url, [
        RelativePath = "api/exports",
        Headers = ${headers(`#"Content-Type" = "application/json", Prefer = "wait=60"`)},
        Content = Request
    ])),
    File = Web.Contents(Url, [
        RelativePath = "api/export/download/" & Job[job_id],
        Headers = ${headers("")}
    ]),
    Data = ${mReader(body)}
in
    Data`;
}

/** How Power Query opens a file. */
function mReader({ format, csv, compression }: Readonly<Record<string, unknown>>): string {
  const file = compression === "gzip" ? "Binary.Decompress(File, Compression.GZip)" : "File";
  switch (format) {
    case "json":
      return `Json.Document(${file})`;
    case "ndjson":
      return `Table.FromRecords(List.Transform(Lines.FromBinary(${file}), Json.Document))`;
    case "parquet":
      return `Parquet.Document(${file})`;
    case "xlsx":
      return `Excel.Workbook(${file}, true){0}[Data]`;
    case "xml":
      return `Xml.Tables(${file})`;
  }
  const known = Object.entries(CSV_DIALECTS).find(([name]) => name === csv)?.[1];
  const { delimiter } = known ?? CSV_DIALECTS.rfc4180;
  const written = delimiter === "\t" ? "#(tab)" : delimiter;
  return `Table.PromoteHeaders(Csv.Document(${file}, [Delimiter = "${written}", Encoding = 65001]))`;
}

/** A text of the language M. */
function mText(text: string): string {
  return `"${text.replaceAll("#(", "#(#)(").replaceAll('"', '""')}"`;
}

/** A JSON value as Python writes it. */
function pythonLiteral(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) =>
    `${JSON.stringify(name)}: ${pythonLiteral(one)}`
  );
  return `{${members.join(", ")}}`;
}
