import { decideAnswer, type FileAnswer, httpDate } from "../../../routes/http/file_conditions.ts";
import { assertEquals } from "../../support/assert.ts";
import { inZone } from "../time_zone.ts";

/** The size of the examples in RFC 9110 §14.1.2 and the date of §8.8.2.1. */
const FILE = {
  etag: '"xyzzy"',
  modifiedMs: Date.UTC(1994, 10, 15, 12, 45, 26, 500),
  sizeBytes: 10_000,
};
const MODIFIED = "Tue, 15 Nov 1994 12:45:26 GMT";
const BEFORE = "Tue, 15 Nov 1994 12:45:25 GMT";
const AFTER = "Tue, 15 Nov 1994 12:45:27 GMT";
const WHOLE: FileAnswer = { status: 200 };

type Asked = Record<string, string>;

function decide(headers: Asked, method = "GET"): FileAnswer {
  return decideAnswer({ method, headers: new Headers(headers) }, FILE);
}

function part(start: number, last: number): FileAnswer {
  return { status: 206, range: { start, end: last + 1 } };
}

Deno.test("a request without conditions is answered with the whole file", () => {
  assertEquals(decide({}), WHOLE);
  assertEquals(decide({}, "HEAD"), WHOLE);
});

// RFC 9110 §14.1.2; its examples come first.
const RANGES: [range: string, answer: FileAnswer][] = [
  ["bytes=0-499", part(0, 499)],
  ["bytes=500-999", part(500, 999)],
  ["bytes=-500", part(9_500, 9_999)],
  ["bytes=9500-", part(9_500, 9_999)],
  ["bytes=0-0", part(0, 0)],
  ["bytes=-1", part(9_999, 9_999)],
  ["bytes=0-", part(0, 9_999)],
  ["bytes=9999-9999", part(9_999, 9_999)],
  ["bytes=9999-10000", part(9_999, 9_999)],
  ["bytes=0-99999999999999999999999", part(0, 9_999)],
  ["bytes=-10000", part(0, 9_999)],
  ["bytes=-10001", part(0, 9_999)],
  // Range units are case-insensitive (§14.1).
  ["Bytes=0-499", part(0, 499)],
  ["bytes=10000-", { status: 416 }],
  ["bytes=10000-10001", { status: 416 }],
  ["bytes=99999999999999999999999-", { status: 416 }],
  ["bytes=-0", { status: 416 }],
  // Several ranges may be answered with the whole file (§14.2).
  ["bytes=0-0,-1", WHOLE],
  ["bytes=0-999, 4500-5499, -1000", WHOLE],
  // Invalid ranges and unknown units are ignored (§14.2).
  ["bytes=500-499", WHOLE],
  ["bytes=", WHOLE],
  ["bytes=-", WHOLE],
  ["bytes=a-b", WHOLE],
  ["bytes=0x0-0x9", WHOLE],
  ["bytes=1.5-2", WHOLE],
  ["bytes=--5", WHOLE],
  ["bytes 0-499", WHOLE],
  ["lines=0-499", WHOLE],
  ["0-499", WHOLE],
];

for (const [range, answer] of RANGES) {
  Deno.test(`Range: ${range} of 10,000 bytes is answered as RFC 9110 says`, () => {
    assertEquals(decide({ range }), answer);
  });
}

Deno.test("a Range applies to GET only", () => {
  assertEquals(decide({ range: "bytes=0-499" }, "HEAD"), WHOLE);
});

Deno.test("no range of an empty file can be satisfied", () => {
  const headers = new Headers({ range: "bytes=0-" });
  assertEquals(decideAnswer({ method: "GET", headers }, { ...FILE, sizeBytes: 0 }), {
    status: 416,
  });
});

const CONDITIONS: [what: string, asked: Asked, status: 200 | 304 | 412][] = [
  // §13.1.2: weak comparison.
  ["If-None-Match with the tag", { "if-none-match": '"xyzzy"' }, 304],
  ["If-None-Match with the weak tag", { "if-none-match": 'W/"xyzzy"' }, 304],
  ["If-None-Match with the tag in a list", { "if-none-match": '"a,b", W/"c", "xyzzy"' }, 304],
  ["If-None-Match *", { "if-none-match": "*" }, 304],
  ["If-None-Match with other tags", { "if-none-match": '"r2d2xxxx", W/"c3piozzzz"' }, 200],
  ["If-None-Match with the tag in capitals", { "if-none-match": '"XYZZY"' }, 200],
  ["If-None-Match with no quotes", { "if-none-match": "xyzzy" }, 200],
  // §13.1.3: the resolution is one second.
  ["If-Modified-Since the second itself", { "if-modified-since": MODIFIED }, 304],
  ["If-Modified-Since a second after", { "if-modified-since": AFTER }, 304],
  ["If-Modified-Since a second before", { "if-modified-since": BEFORE }, 200],
  ["If-None-Match over If-Modified-Since", {
    "if-none-match": '"other"',
    "if-modified-since": AFTER,
  }, 200],
  // §13.1.1: strong comparison.
  ["If-Match with the tag", { "if-match": '"other", "xyzzy"' }, 200],
  ["If-Match *", { "if-match": "*" }, 200],
  ["If-Match with another tag", { "if-match": '"other"' }, 412],
  ["If-Match with the weak tag", { "if-match": 'W/"xyzzy"' }, 412],
  // §13.1.4
  ["If-Unmodified-Since the second itself", { "if-unmodified-since": MODIFIED }, 200],
  ["If-Unmodified-Since a second before", { "if-unmodified-since": BEFORE }, 412],
  ["If-Match over If-Unmodified-Since", {
    "if-match": '"xyzzy"',
    "if-unmodified-since": BEFORE,
  }, 200],
  // §13.2.2: the order of the conditions.
  ["a failed If-Match before If-None-Match", { "if-match": '"o"', "if-none-match": "*" }, 412],
  ["If-None-Match before a Range", { "if-none-match": "*", "range": "bytes=0-1" }, 304],
  ["a failed If-Match before a Range", { "if-match": '"o"', "range": "bytes=0-1" }, 412],
  ["If-None-Match before a Range outside", { "if-none-match": "*", "range": "bytes=99999-" }, 304],
];

for (const [what, asked, status] of CONDITIONS) {
  Deno.test(`${what} is answered with ${status}`, () => {
    assertEquals(decide(asked), { status });
    assertEquals(decide(asked, "HEAD"), { status });
  });
}

// §13.1.5: the validator must match, tags strongly, dates exactly.
const IF_RANGES: [what: string, ifRange: string, isHeld: boolean][] = [
  ["the tag", '"xyzzy"', true],
  ["another tag", '"other"', false],
  ["the weak tag", 'W/"xyzzy"', false],
  ["the exact date", MODIFIED, true],
  ["an earlier date", BEFORE, false],
  ["a later date", AFTER, false],
  ["no date", "yesterday", false],
  ["the date in a form that is not HTTP's", "1994-11-15T12:45:26Z", false],
];

for (const [what, ifRange, isHeld] of IF_RANGES) {
  const answer = isHeld ? "the part" : "the whole";
  Deno.test(`If-Range with ${what} gives ${answer}`, () => {
    const asked = { "range": "bytes=0-499", "if-range": ifRange };
    assertEquals(decide(asked), isHeld ? part(0, 499) : WHOLE);
    const outside = decide({ ...asked, range: "bytes=10000-" });
    assertEquals(outside, isHeld ? { status: 416 } : WHOLE);
  });
}

Deno.test("If-Range without a Range has no effect", () => {
  assertEquals(decide({ "if-range": '"xyzzy"' }), WHOLE);
});

// §5.6.7: three forms of the same time, all of which a recipient must accept.
const FORMS = [
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
];

for (const zone of ["UTC", "Australia/Sydney", "America/Chicago"]) {
  for (const date of FORMS) {
    Deno.test(`the date "${date}" is read to the second on a machine in ${zone}`, async () => {
      const momentMs = Date.UTC(1994, 10, 6, 8, 49, 37);
      const headers = new Headers({ "if-modified-since": date });
      const statuses = await inZone(
        zone,
        () =>
          [momentMs, momentMs + 1_000].map((modifiedMs) =>
            decideAnswer({ method: "GET", headers }, { ...FILE, modifiedMs }).status
          ),
      );
      assertEquals(statuses, [304, 200]);
    });
  }
}

// §13.1.3 and §13.1.4: a field that is not an HTTP date is ignored.
for (const date of ["", "5", "yesterday", "2099-01-01", "2099-01-01T00:00:00Z", "1/1/2099"]) {
  Deno.test(`a condition with the date "${date}" is ignored`, () => {
    assertEquals(decide({ "if-modified-since": date }), WHOLE);
    assertEquals(decide({ "if-unmodified-since": date.replace("2099", "1970") }), WHOLE);
  });
}

Deno.test("httpDate() writes the form of RFC 9110 §5.6.7, without the fraction", () => {
  assertEquals(httpDate(Date.UTC(1994, 10, 6, 8, 49, 37, 999)), "Sun, 06 Nov 1994 08:49:37 GMT");
});
