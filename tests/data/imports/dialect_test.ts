import { type Dialect, instantOf } from "../../../data/imports/dialect.ts";
import { plainDialect } from "./upload.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createLocalClock } from "../../../data/time/zone.ts";
import { assertEquals } from "../../support/assert.ts";

const HOUR_MS = 3_600_000;
/** The clock of Berlin skips 02:00 to 03:00 on this day. */
const SPRING_MS = Date.UTC(2024, 2, 31);

function inZone(name: string | null): Dialect {
  const zone = name === null ? null : { name, clock: createLocalClock(name) };
  return { ...plainDialect(PROFILES.meter), zone };
}

Deno.test("a wall time is at its own offset, else in the zone, else UTC", () => {
  const wallMs = SPRING_MS;
  assertEquals(instantOf(inZone(null), { wallMs, offsetMs: NaN }), wallMs);
  assertEquals(instantOf(inZone("Europe/Berlin"), { wallMs, offsetMs: NaN }), wallMs - HOUR_MS);
  for (const zone of [null, "Europe/Berlin"]) {
    assertEquals(instantOf(inZone(zone), { wallMs, offsetMs: 0 }), wallMs);
    const offsetMs = -5 * HOUR_MS;
    assertEquals(instantOf(inZone(zone), { wallMs, offsetMs }), wallMs + 5 * HOUR_MS);
  }
});

Deno.test("a wall time that the zone skips is not an instant, unless it has an offset", () => {
  const wallMs = SPRING_MS + 2.5 * HOUR_MS;
  assertEquals(instantOf(inZone("Europe/Berlin"), { wallMs, offsetMs: NaN }), NaN);
  const offsetMs = 2 * HOUR_MS;
  assertEquals(instantOf(inZone("Europe/Berlin"), { wallMs, offsetMs }), wallMs - offsetMs);
});
