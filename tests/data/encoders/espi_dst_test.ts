import { espiClock } from "../../../data/encoders/espi_dst.ts";
import { assertEquals } from "../../support/assert.ts";

function clockOf(zone: string, date: string): string {
  const { dstStartRule, dstEndRule, dstOffsetS, tzOffsetS } = espiClock(zone, Date.parse(date));
  return `${dstStartRule} ${dstEndRule} ${dstOffsetS} ${tzOffsetS}`;
}

// The rules of the United States are those of the samples of the Green Button Alliance.
Deno.test("espiClock() gives the rules that American files have", () => {
  assertEquals(
    clockOf("America/New_York", "2024-06-01T00:00:00Z"),
    "360E2000 B40E2000 3600 -18000",
  );
  assertEquals(
    clockOf("America/Los_Angeles", "2024-01-01T00:00:00Z"),
    "360E2000 B40E2000 3600 -28800",
  );
});

// Bits: month, operator (7 is the last), day, weekday (7 is Sunday), hour, second.
// 0011 111 00000 111 00010 0… = 3E0E2000; 1010 111 00000 111 00011 0… = AE0E3000.
Deno.test("espiClock() gives the last Sundays of Europe, each in the time before the change", () => {
  assertEquals(clockOf("Europe/Berlin", "2024-06-01T00:00:00Z"), "3E0E2000 AE0E3000 3600 3600");
  assertEquals(clockOf("Europe/London", "2024-06-01T00:00:00Z"), "3E0E1000 AE0E2000 3600 0");
  // 2024-12-31T23:30:00Z is 2025 in Berlin already, with the same rules.
  assertEquals(clockOf("Europe/Berlin", "2024-12-31T23:30:00Z"), "3E0E2000 AE0E3000 3600 3600");
});

// Sydney: first Sundays of October, 02:00, and April, 03:00. 1010 010 … = A40E2000, 440E3000.
// Lord Howe steps by half an hour. Santiago: Sunday on or after the 2nd of September, 24:00 of Saturday.
Deno.test("espiClock() knows the south, steps of half an hour and days on or after a date", () => {
  assertEquals(clockOf("Australia/Sydney", "2024-01-01T00:00:00Z"), "A40E2000 440E3000 3600 36000");
  assertEquals(
    clockOf("Australia/Lord_Howe", "2024-01-01T00:00:00Z"),
    "A40E2000 440E2000 1800 37800",
  );
  // 1001 001 00010 111 00000 0… = 922E0000; April: 0100 001 00010 111 = 422E0000.
  assertEquals(
    clockOf("America/Santiago", "2024-01-01T00:00:00Z"),
    "922E0000 422E0000 3600 -14400",
  );
  // Friday on or after 23 March, 02:00: 0011 001 10111 101 00010 = 337A2000; last Sunday of October.
  assertEquals(clockOf("Asia/Jerusalem", "2024-01-01T00:00:00Z"), "337A2000 AE0E2000 3600 7200");
});

Deno.test("espiClock() of a zone without changes, or without two in a year, has no rules", () => {
  assertEquals(clockOf("UTC", "2024-01-01T00:00:00Z"), "FFFFFFFF FFFFFFFF 0 0");
  assertEquals(clockOf("Asia/Kathmandu", "2024-01-01T00:00:00Z"), "FFFFFFFF FFFFFFFF 0 20700");
  // Russia went to summer time in 2011 and stayed there.
  assertEquals(clockOf("Europe/Moscow", "2011-06-01T00:00:00Z"), "FFFFFFFF FFFFFFFF 0 14400");
  assertEquals(clockOf("-03:30", "2024-01-01T00:00:00Z"), "FFFFFFFF FFFFFFFF 0 -12600");
});
