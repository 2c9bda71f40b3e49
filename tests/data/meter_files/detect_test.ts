import { detectForm } from "../../../data/meter_files/detect.ts";
import { assertEquals } from "../../support/assert.ts";
import { caseFile } from "./case_rows.ts";

function utf16(text: string): Uint8Array {
  return Uint8Array.from([0xff, 0xfe, ...[...text].flatMap((char) => [char.charCodeAt(0), 0])]);
}

Deno.test("the form of an upload shows in its first bytes", () => {
  const table: [head: string | Uint8Array, form: string][] = [
    [caseFile("04_nem12.csv"), "nem12"],
    ["100,NEM13,202401031004,MDP1,RETAILR", "nem12"],
    ['\ufeff"100","nem12","202401031004"', "nem12"],
    ["200,VABD000163,E1B1,E1,E1,N1,METSER123,KWH,30,20240401", "nem12"],
    ["100,200,300\n1,2,3", "csv"],
    ["200,300,NEM12", "csv"],
    [caseFile("05_green_button.xml"), "espi"],
    ["\ufeff  \n<feed/>", "espi"],
    [utf16("<?xml version='1.0'?>"), "espi"],
    [utf16("<feed/>").subarray(2), "espi"],
    [' [{"timestamp":1}]', "json"],
    ['{"timestamp":1}\n{"timestamp":2}', "ndjson"],
    ["timestamp;energy_kwh", "csv"],
    [utf16("timestamp\tenergy"), "csv"],
    ["", "csv"],
    [Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), "zip"],
    [Uint8Array.of(0x50, 0x4b, 5, 6, 0, 0), "zip"],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), "gzip"],
    ["PK\tkWh", "csv"],
  ];
  for (const [head, form] of table) {
    const bytes = typeof head === "string" ? new TextEncoder().encode(head) : head;
    assertEquals(detectForm(bytes.subarray(0, 1_024)), form, String(head).slice(0, 40));
  }
});
