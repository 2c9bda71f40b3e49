import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { BUILT_IN_PROFILES, createProfiles } from "../../../data/readings/profiles.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";

function own(name: string): Profile {
  const metric = { name: "power_w", unit: "W", min: 0, max: 1, aggregate: "mean" } as const;
  return { name, idColumn: "device_id", metrics: [metric] };
}

function namesOf(profiles: readonly Profile[]): string[] {
  return profiles.map(({ name }) => name);
}

Deno.test("the built-in profiles are meter, battery and appliance, and site for the polls of stores", () => {
  assertEquals(namesOf(BUILT_IN_PROFILES.list()), ["meter", "battery", "appliance"]);
  assertEquals(namesOf(BUILT_IN_PROFILES.ofDevices()), ["battery", "appliance"]);
  assertStrictEquals(BUILT_IN_PROFILES.get("site"), PROFILES.site);
  assertEquals(BUILT_IN_PROFILES.get("inverter"), undefined);
});

Deno.test("names that every object inherits are no profiles", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    assertEquals(BUILT_IN_PROFILES.get(name), undefined);
  }
});

Deno.test("profiles of users follow the built-in ones by name, until they are replaced", () => {
  const profiles = createProfiles([own("pump"), own("inverter")]);
  assertEquals(namesOf(profiles.list()), ["meter", "battery", "appliance", "inverter", "pump"]);
  const before = profiles.ofDevices();
  assertEquals(namesOf(before), ["battery", "appliance", "inverter", "pump"]);
  assertStrictEquals(profiles.ofDevices(), before);
  profiles.replace([own("pump")]);
  assertEquals(namesOf(profiles.ofDevices()), ["battery", "appliance", "pump"]);
  assertEquals(profiles.get("inverter"), undefined);
  assertEquals(namesOf(before), ["battery", "appliance", "inverter", "pump"]);
});
