import { likelyFormats } from "../../../data/time/likely_formats.ts";
import { assertEquals } from "../../support/assert.ts";

function names(...texts: string[]): string[] {
  return likelyFormats(texts).map(({ name }) => name);
}

Deno.test("the form of a time is that of its shape", () => {
  const table: [text: string, name: string][] = [
    ["2024-10-27T00:15:00+02:00", "iso"],
    ["2024-10-27 00:15", "iso"],
    ["1714521600", "unix"],
    ["1714521600.5", "unix"],
    ["1714521600000", "unix_ms"],
    ["27.10.2024 00:15", "dd.MM.yyyy HH:mm"],
    ["27.10.2024, 00:15:00", "dd.MM.yyyy, HH:mm:ss"],
    ["7.3.2024 0:15", "d.M.yyyy H:mm"],
    ["27.10.2024 00.15", "dd.MM.yyyy HH.mm"],
    ["2024/02/10 24:00", "yyyy/MM/dd HH:mm"],
    ["27/10/2024", "dd/MM/yyyy"],
    ["10/27/2024 12:15 AM", "MM/dd/yyyy hh:mm a"],
    ["10/27/2024 1:15:00pm", "M/d/yyyy h:mm:ssa"],
    ["27-10-24 00:15", "dd-MM-yy HH:mm"],
    ["27-Oct-2024 00:15", "dd-MMM-yyyy HH:mm"],
    ["27OCT2024:00:15:00", "ddMMMyyyy:HH:mm:ss"],
    ["Oct 27, 2024 12:15 PM", "MMM dd, yyyy hh:mm a"],
    ["2024-Oct-27", "yyyy-MMM-dd"],
    ["2024-10-27", "yyyy-MM-dd"],
    ["20241027", "yyyyMMdd"],
    ["27102024", "ddMMyyyy"],
    ["20241027 0015", "yyyyMMdd HHmm"],
    ["202410270015", "yyyyMMddHHmm"],
    ["20241027001500", "yyyyMMddHHmmss"],
    ["2024/10/27T00:15:00.000+0200", "yyyy/MM/dd'T'HH:mm:ss.SSSX"],
    ["2024/10/27 00:15:00 +02:00", "yyyy/MM/dd HH:mm:ss XXX"],
    ["27.10.2024 00h15", "dd.MM.yyyy HH'h'mm"],
  ];
  for (const [text, name] of table) assertEquals(names(text)[0], name, text);
});

Deno.test("a day above 12 tells day and month apart, in any of the texts", () => {
  assertEquals(names("01/02/2024", "13/02/2024"), ["dd/MM/yyyy"]);
  assertEquals(names("01/02/2024", "02/13/2024"), ["MM/dd/yyyy"]);
  assertEquals(names("1/2/24 0:15", "12/31/24 0:15"), ["M/d/yy H:mm"]);
});

Deno.test("every form that fits is returned if nothing tells them apart", () => {
  assertEquals(names("01/02/2024 00:15", "01/02/2024 00:30"), [
    "dd/MM/yyyy HH:mm",
    "MM/dd/yyyy HH:mm",
  ]);
  assertEquals(names("01-02-03"), ["dd-MM-yy", "MM-dd-yy", "yy-MM-dd"]);
  // A reading a month may be a reading a day.
  assertEquals(names("01/01/2024", "01/02/2024", "01/03/2024"), ["dd/MM/yyyy", "MM/dd/yyyy"]);
});

Deno.test("times that go on over midnight tell day and month apart", () => {
  const day = (date: string) => ["00:00", "06:00", "12:00", "18:00"].map((at) => `${date} ${at}`);
  assertEquals(names(...day("01/02/2024"), ...day("02/02/2024")), ["dd/MM/yyyy HH:mm"]);
  assertEquals(names(...day("02/01/2024"), ...day("02/02/2024")), ["MM/dd/yyyy HH:mm"]);
  const newestFirst = [...day("01/02/2024"), ...day("02/02/2024")].reverse();
  assertEquals(names(...newestFirst), ["dd/MM/yyyy HH:mm"]);
});

Deno.test("a lone number after the date is the number of an interval or an hour", () => {
  assertEquals(names("2024/02/10 1", "2024/02/10 24"), ["yyyy/MM/dd n", "yyyy/M/d H"]);
  assertEquals(names("2024/10/27 1", "2024/10/27 25"), ["yyyy/MM/dd n"]);
  assertEquals(names("2024/10/27 0", "2024/10/27 23"), ["yyyy/M/d H"]);
});

Deno.test("text that is not a time has no form", () => {
  for (const text of ["", "Total", "12", "31.06.2024", "00:15", "27.10.2024 0:15:00 x", "1,5"]) {
    assertEquals(names(text), [], text);
  }
  assertEquals(names(), []);
  assertEquals(names("27.10.2024", "Total"), []);
});
