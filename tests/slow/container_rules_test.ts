import { runProgram } from "../bench/program.ts";
import { assertEquals } from "../support/assert.ts";
import { TOP } from "../support/sources.ts";

/** The folder of Python's programs, among them those that check. */
const folder = Deno.env.get("PYTHON_FOLDER");
const ignore = folder === undefined && !Deno.env.has("REQUIRE_ALL");
const { signal } = new AbortController();

function run(program: string, ...args: string[]): Promise<string> {
  return runProgram(`${folder}/${program}`, { args, signal, cwd: TOP });
}

Deno.test({
  name: "hadolint has nothing to say about the Dockerfile",
  ignore,
  async fn() {
    assertEquals(await run("hadolint", "Dockerfile"), "");
  },
});

Deno.test({
  name: "the manifests are as the schemas of Kubernetes want them, without an unknown field",
  ignore,
  async fn() {
    await run("kubernetes-validate", "--strict", ...await manifests());
  },
});

async function manifests(): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name } of Deno.readDir(`${TOP}k8s`)) paths.push(`k8s/${name}`);
  return paths;
}
