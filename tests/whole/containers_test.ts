import config from "../../deno.json" with { type: "json" };
import { readSettings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { TOP } from "../support/sources.ts";
import { parse, parseAll } from "../support/yaml.ts";

type Environment = Record<string, string>;
// Manifests have many shapes: tests check what they read.
// deno-lint-ignore no-explicit-any
type Manifest = any;

const dockerfile = await Deno.readTextFile(`${TOP}Dockerfile`);
const compose = parse(await Deno.readTextFile(`${TOP}compose.yaml`)) as Manifest;
const manifests = await readManifests();
/** What the image sets, besides what is for Deno alone. */
const IMAGE = imageEnvironment();
/** What the secret of Kubernetes holds. */
const SECRETS = {
  ADMIN_KEY: `ow_admin_${"A".repeat(43)}`,
  AWS_ACCESS_KEY_ID: "id",
  AWS_SECRET_ACCESS_KEY: "secret",
};

/** The manifests of `k8s/`, each with its file. */
async function readManifests(): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for await (const { name } of Deno.readDir(`${TOP}k8s`)) {
    found.push(...parseAll(await Deno.readTextFile(`${TOP}k8s/${name}`)) as Manifest[]);
  }
  return found;
}

function imageEnvironment(): Environment {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const [, text] = /\nENV ((?:.*\\\n)*.*)/.exec(last) ?? [];
  assert(text !== undefined);
  return Object.fromEntries(text.split(/\s*\\\n\s*/).map((pair) => pair.split("=", 2)));
}

/** Fails if the service would not start with these variables. */
function assertStarts(environment: Environment, name: string): void {
  const result = readSettings({ ...IMAGE, ...environment });
  assertEquals("problems" in result ? result.problems : [], [], name);
}

Deno.test("a container has one thread for exports, whatever processors the machine has", () => {
  assertEquals(IMAGE.WORKER_THREADS, "1");
  assertEquals(compose["x-openwatts"].environment.WORKER_THREADS, 1);
  for (const { data } of ofKind("ConfigMap")) assertEquals(data.WORKER_THREADS, "1");
});

function ofKind(kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

Deno.test("the image has all code, the tasks' version of Deno and the pinned packages of the pages", async () => {
  for (const part of ["main.ts", "deno.json", "deno.lock", "data", "jobs", "kv", "routes"]) {
    assert(new RegExp(`^COPY .*\\b${part.replace(".", "\\.")} `, "m").test(dockerfile), part);
    assert((await Deno.readTextFile(`${TOP}.dockerignore`)).split("\n").includes(`!${part}`), part);
  }
  const readme = await Deno.readTextFile(`${TOP}README.md`);
  const [, version] = /npx -y deno@([\d.]+) task start/.exec(readme) ?? [];
  assert(dockerfile.includes(`denoland/deno:distroless-${version}`), version);
  for (const name of ["swagger-ui-dist", "redoc", "uplot"] as const) {
    assert(dockerfile.includes(`"${config.imports[name]}"`), name);
  }
});

Deno.test("the service starts with what the image sets, and asks for keys", () => {
  assertStarts({}, "image");
  assertEquals([IMAGE.AUTH, IMAGE.HOST, IMAGE.DATA_DIR], ["keys", "0.0.0.0", "/data"]);
});

Deno.test("the service starts with the variables of each service in compose.yaml", () => {
  let count = 0;
  for (const [name, service] of Object.entries<Manifest>(compose.services)) {
    if (service.image !== "openwatts") continue;
    count++;
    const given = Object.entries<Manifest>(service.environment).map(([variable, value]) => [
      variable,
      String(value).replace(/\$\{\w+:-(.*)\}/, "$1"),
    ]);
    assertStarts(Object.fromEntries(given), name);
  }
  assertEquals(count, 3);
});

Deno.test("the service starts with the variables of each deployment in k8s/", () => {
  const [{ data }] = ofKind("ConfigMap");
  const roles = ofKind("Deployment").map(({ metadata, spec }) => {
    const [{ env, envFrom, image }] = spec.template.spec.containers;
    assertEquals(envFrom.map(Object.keys).flat(), ["configMapRef", "secretRef"]);
    assertEquals(image, `openwatts:${config.version}`);
    const own = Object.fromEntries(env.map((one: Manifest) => [one.name, one.value]));
    assertStarts({ ...data, ...SECRETS, ...own }, metadata.name);
    return own.ROLE;
  });
  assertEquals(roles.toSorted(), ["api", "worker"]);
});

Deno.test("every pod is bounded, probed in 3 s, without rights, and on a read-only disk", () => {
  for (const { spec } of ofKind("Deployment")) {
    const { securityContext, containers, automountServiceAccountToken } = spec.template.spec;
    const [container] = containers;
    assertEquals(container.resources, {
      requests: { memory: "256Mi", cpu: "250m" },
      limits: { memory: "512Mi", cpu: "500m" },
    });
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      assertEquals(container[probe].timeoutSeconds, 3, probe);
      const path = probe === "readinessProbe" ? "/ready" : "/health";
      assertEquals(container[probe].httpGet.path, path);
      const ports = container.ports.map(({ name }: Manifest) => name);
      assert(ports.includes(container[probe].httpGet.port), probe);
    }
    assertEquals(securityContext.runAsNonRoot, true);
    assertEquals(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assertEquals(automountServiceAccountToken, false);
  }
});

Deno.test("services, budgets, policies and scaling select what is there", () => {
  const pods = ofKind("Deployment").map(({ spec }) => spec.template.metadata.labels);
  const selected = (labels: Environment) =>
    pods.filter((pod) => Object.entries(labels).every(([name, value]) => pod[name] === value));
  for (const { spec } of ofKind("Deployment")) {
    assertEquals(selected(spec.selector.matchLabels).length, 1);
  }
  assertEquals(ofKind("Service").map(({ spec }) => selected(spec.selector).length), [1]);
  for (const { spec } of ofKind("PodDisruptionBudget")) {
    assertEquals(selected(spec.selector.matchLabels).length, 1);
  }
  assertEquals(ofKind("NetworkPolicy").map(({ spec }) => selected(spec.podSelector.matchLabels)), [
    pods,
  ]);
  const names = ofKind("Deployment").map(({ metadata }) => metadata.name);
  for (const { spec } of ofKind("HorizontalPodAutoscaler")) {
    assert(names.includes(spec.scaleTargetRef.name));
  }
});
