/**
 * The image of the `Dockerfile` and containers of it, without a container engine: buildah builds the
 * image, and a container is a process in the image's files, mounted read-only, without rights, in a
 * control group. Requires root, and `buildah` and `mmdebstrap` of Debian.
 *
 * @module
 */

import { endProgram, runProgram } from "../bench/program.ts";
import { limitProcess, type Limits } from "./control_group.ts";
import { pause } from "./process.ts";
import { makeTempFolder } from "./temp_folder.ts";

const TOP = new URL("../../", import.meta.url).pathname;
const { signal } = new AbortController();
/** What the public image with Deno has besides it. */
const BASE_PACKAGES = "libc6,libgcc-s1,tzdata,base-files,netbase";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
/** Where files of an image may be written: what a read-only container gets as volumes. */
const VOLUMES = ["data", "tmp"];

/** What an image says about how it runs. */
interface ImageConfig {
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** An image. Disposing of it deletes it. */
export interface Image extends AsyncDisposable {
  /** How it runs. */
  readonly config: ImageConfig;
  /** What all its layers take, bytes. */
  readonly sizeBytes: number;
  /** The folder that has its files. */
  readonly root: string;
}

/** A container. Disposing of it kills it. */
export interface Container extends AsyncDisposable {
  /** Its output so far. */
  output(): string;
  /** Runs the health check of the image in it; whether it is healthy. */
  isHealthy(): Promise<boolean>;
  /** Stops it as an engine does: SIGTERM; returns the exit code. */
  stop(): Promise<number>;
  /** The most memory that it used at once, buffers of files included, bytes. */
  peakBytes(): Promise<number>;
}

/** Builds the image from the `Dockerfile`, on a base with what the public image of Deno has. */
export async function buildImage(): Promise<Image> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const store = ["--root", `${folder.path}/store`, "--runroot", `${folder.path}/run`];
  const buildah = async (command: string, ...args: string[]) =>
    (await runProgram("buildah", {
      args: [...store, "--storage-driver", "vfs", command, ...args],
      signal,
      cwd: TOP,
      env: { BUILDAH_ISOLATION: "chroot" },
    })).trim();
  const base = `${folder.path}/base.tar`;
  await runProgram("mmdebstrap", {
    args: ["--quiet", "--variant=extract", "--mode=root", `--include=${BASE_PACKAGES}`, "bookworm"]
      .concat(base),
    signal,
  });
  const deno = await buildah("from", "scratch");
  await buildah("add", deno, base, "/");
  await buildah("copy", deno, Deno.execPath(), "/bin/deno");
  await buildah("copy", deno, CERTIFICATES, CERTIFICATES);
  // The build may have to trust a certificate of this machine.
  await buildah("config", "--env", "DENO_TLS_CA_STORE=system", deno);
  await buildah("commit", deno, "deno");
  await buildah(
    "bud",
    "--format",
    "docker",
    "--build-arg",
    "DENO_IMAGE=localhost/deno",
    "-t",
    "openwatts",
    ".",
  );
  const inspected = JSON.parse(await buildah("inspect", "--type", "image", "openwatts"));
  const container = await buildah("from", "localhost/openwatts");
  const root = await buildah("mount", container);
  stack.defer(async () => {
    await buildah("umount", container);
    await buildah("rm", "--all");
  });
  const sizes = JSON.parse(await buildah("images", "--json", "openwatts"));
  const owned = stack.move();
  return {
    config: inspected.Docker.config,
    sizeBytes: parseSize(sizes[0].size),
    root,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** "172 MB" in bytes. */
function parseSize(text: string): number {
  const [, count, unit] = /^([\d.]+) ([KMG]?)B$/.exec(text) ?? [];
  return Number(count) * { "": 1, K: 1e3, M: 1e6, G: 1e9 }[unit ?? ""]!;
}

/**
 * Starts a container of an image with these variables besides those of the image, and waits until the
 * service listens. It has the network of this machine.
 */
export async function startContainer(
  image: Image,
  { env, limits }: { env: Readonly<Record<string, string>>; limits: Limits },
): Promise<Container> {
  await using stack = new AsyncDisposableStack();
  const group = stack.use(await limitProcess(limits));
  if (group.mount === null) throw new Error("No control group can be made here");
  const folder = stack.use(await makeTempFolder());
  const [user, userGroup] = image.config.User.split(":").map(Number);
  for (const name of VOLUMES) {
    await Deno.mkdir(`${folder.path}/${name}`);
    await Deno.chown(`${folder.path}/${name}`, user, userGroup);
  }
  const files = { ...image, volumes: folder.path, mount: group.mount };
  const variables = { ...Object.fromEntries(image.config.Env.map(pair)), ...env };
  const inside = (command: readonly string[]) =>
    new Deno.Command(group.prefix[0], {
      args: [...group.prefix.slice(1), "unshare", "--mount", "sh", "-c", enterScript(files), "sh"]
        .concat(command),
      clearEnv: true,
      env: { ...variables, PATH: `/bin:${Deno.env.get("PATH")}` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  const child = inside(image.config.Cmd).spawn();
  let text = "";
  const drained = [child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  });
  const ended = child.status.then(async ({ code }) => {
    await Promise.all(drained);
    return code;
  });
  stack.defer(() => endProgram(child, 1_000));
  let isOver = false;
  ended.then(() => isOver = true);
  while (!/listens on http/.test(text)) {
    if (isOver) throw new Error(`The container did not start: ${text}`);
    await pause(10);
  }
  const owned = stack.move();
  return {
    output: () => text,
    isHealthy: async () => (await inside(image.config.Healthcheck.Test.slice(1)).output()).success,
    async stop() {
      child.kill("SIGTERM");
      return await ended;
    },
    peakBytes: async () => await group.peakBytes() ?? NaN,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A script that makes the files of an image the root, read-only but for the volumes, and enters it. */
function enterScript(
  { root, volumes, mount, config }: Pick<Image, "root" | "config"> & {
    volumes: string;
    mount: { readonly folder: string; readonly target: string };
  },
): string {
  const devices = ["null", "zero", "random", "urandom"];
  const [user, group] = config.User.split(":");
  return `set -e
mount --make-rprivate /
mount --bind ${root} ${root}
mount -t proc proc ${root}/proc
mount -t tmpfs tmpfs ${root}/dev
for device in ${devices.join(" ")}; do
  touch ${root}/dev/$device
  mount --bind /dev/$device ${root}/dev/$device
done
mount -t tmpfs tmpfs ${root}/sys
mkdir -p ${root}/${mount.target}
mount --bind ${mount.folder} ${root}/${mount.target}
${VOLUMES.map((name) => `mount --bind ${volumes}/${name} ${root}/${name}`).join("\n")}
mount -o remount,ro,bind ${root}
exec unshare --root=${root} --wd=${config.WorkingDir} --setgid=${group} --setuid=${user} "$@"
`;
}

/** "NAME=VALUE" as a pair. */
function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
