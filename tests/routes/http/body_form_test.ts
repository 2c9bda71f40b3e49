import { AppError } from "../../../data/app_error.ts";
import { bodyForm } from "../../../routes/http/body_form.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const UPLOAD_TYPES = ["text/csv", "application/x-ndjson", "application/json"] as const;

function formOf(headers: Record<string, string>): string {
  const request = new Request("http://localhost/", { method: "POST", headers });
  const { mediaType, isGzip } = bodyForm(request, UPLOAD_TYPES, ["gzip", "identity"]);
  return `${mediaType} ${isGzip}`;
}

Deno.test("media type and coding are read in any case, without parameters", () => {
  assertEquals(formOf({ "content-type": "text/csv" }), "text/csv false");
  assertEquals(formOf({ "content-type": "Text/CSV ; header=present" }), "text/csv false");
  const ndjson = { "content-type": "application/x-ndjson;charset=utf-8" };
  for (const coding of ["gzip", "GZIP", "x-gzip", " Gzip "]) {
    assertEquals(formOf({ ...ndjson, "content-encoding": coding }), "application/x-ndjson true");
  }
  const json = { "content-type": "application/json", "content-encoding": "Identity" };
  assertEquals(formOf(json), "application/json false");
});

Deno.test("an unsupported media type and coding are listed at once", () => {
  const types = "Content-Type must be text/csv, application/x-ndjson or application/json";
  const codings = "Content-Encoding must be gzip or identity";
  const cases: [headers: Record<string, string>, said: [string, unknown][]][] = [
    [{}, [[types, ""]]],
    [{ "content-type": "application/ndjson" }, [[types, "application/ndjson"]]],
    [{ "content-type": "text/csv, text/csv" }, [[types, "text/csv, text/csv"]]],
    [{ "content-type": "text/csv", "content-encoding": "br" }, [[codings, "br"]]],
    [{ "content-type": "text/csv", "content-encoding": "gzip, gzip" }, [[codings, "gzip, gzip"]]],
    [{ "content-type": "a", "content-encoding": "zstd" }, [[types, "a"], [codings, "zstd"]]],
  ];
  for (const [headers, said] of cases) {
    const { code, message, errors } = assertThrows(() => formOf(headers), AppError);
    assertEquals([code, message], [
      "UNSUPPORTED_MEDIA_TYPE",
      said.map(([detail]) => detail).join("; "),
    ]);
    assertEquals(errors.map(({ detail, value }) => [detail, value]), said);
  }
});

Deno.test("the charset is UTF-8 by any of its names, and nothing else", () => {
  for (const charset of ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii"]) {
    assertEquals(formOf({ "content-type": `text/csv; charset=${charset}` }), "text/csv false");
  }
  assertEquals(
    formOf({ "content-type": "text/csv;header=present; Charset = utf-8" }),
    "text/csv false",
  );
  for (const charset of ["utf-16", "iso-8859-1", "", "windows-1252"]) {
    const error = assertThrows(
      () => formOf({ "content-type": `text/csv; charset=${charset}` }),
      AppError,
      "The charset of Content-Type must be utf-8",
    );
    assertEquals(error.errors[0].value, charset);
  }
});

Deno.test("a wrong header is quoted with its beginning", () => {
  const headers = { "content-type": "x".repeat(12_000), "content-encoding": "y".repeat(12_000) };
  const { errors } = assertThrows(() => formOf(headers), AppError);
  assertEquals(errors.map(({ value }) => value), ["x".repeat(100), "y".repeat(100)]);
});

Deno.test("a coding that is not accepted is refused by name", () => {
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const request = new Request("http://localhost/", { method: "POST", headers });
  assertThrows(
    () => bodyForm(request, ["application/json"], ["identity"]),
    AppError,
    "Content-Encoding must be identity",
  );
});
