import { assert, assertEquals } from "../support/assert.ts";
import { readSource, readSources, type Source } from "../support/sources.ts";

// Recorded by listing the names of Deno 2.5.0, the oldest version that is supported, and of 2.9.6.

/** What modules export in 2.9.6 that they do not in 2.5.0. */
const NEWER_EXPORTS: Readonly<Record<string, readonly string[]>> = {
  "node:buffer": [
    "File resolveObjectURL",
  ],
  "node:dns/promises": [
    "getDefaultResultOrder lookupService",
  ],
  "node:fs": [
    "BigIntStats CFISBIS SyncWriteStream Utf8Stream convertFileInfoToBigIntStats",
    "convertFileInfoToStats lchown lchownSync mkdtempDisposableSync openAsBlob",
    "readFilePromise readlinkPromise readvPromise watchPromise",
  ],
  "node:fs/promises": [
    "mkdtempDisposable statfs",
  ],
  "node:http": [
    "_connectionListener setMaxIdleHTTPParsers",
  ],
  "node:path": [
    "matchesGlob",
  ],
  "node:perf_hooks": [
    "PerformanceObserverEntryList createHistogram enqueueNodePerformanceEntry",
    "eventLoopUtilization timerify",
  ],
  "node:process": [
    "availableMemory constrainedMemory getActiveResourcesInfo ppid report",
    "resourceUsage setegid seteuid setgid setuid threadCpuUsage",
  ],
  "node:sqlite": [
    "backup",
  ],
  "node:stream": [
    "destroy",
  ],
  "node:tls": [
    "convertALPNProtocols getCACertificates setDefaultCACertificates",
  ],
  "node:url": [
    "fileURLToPathBuffer",
  ],
  "node:util": [
    "MIMEParams MIMEType convertProcessSignalToExitCode diff getSystemErrorMap",
    "getSystemErrorMessage parseEnv queryObjects setTraceSigInt",
    "transferableAbortController transferableAbortSignal",
  ],
  "node:v8": [
    "GCProfiler queryObjects setHeapSnapshotNearHeapLimit startupSnapshot",
  ],
  "node:worker_threads": [
    "isInternalThread isMarkedAsUntransferable locks markAsUncloneable",
    "postMessageToThread threadName",
  ],
  "node:zlib": [
    "DEFLATE DEFLATERAW GUNZIP GZIP INFLATE INFLATERAW UNZIP ZLIB_VERNUM",
  ],
};
/** What 2.9.6 has and 2.5.0 has not: names that nothing else is called by. */
const NEWER_NAMES = [
  ...[
    "Temporal",
    "toTemporalInstant",
    "tryLock",
    "tryLockSync",
    "getOrInsert",
    "getOrInsertComputed",
  ],
  ...["BroadcastChannel", "OffscreenCanvas", "DOMMatrix", "DOMPoint", "DOMQuad", "DOMRect"],
  ...["PerformanceObserver", "textStream", "navigator.locks", "Iterator.concat", "Deno.spawn"],
  ...["Deno.spawnAndWait", "Deno.spawnAndWaitSync"],
];
/** Where a newer name has its replacement. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  "data/time/temporal_rules.ts": ["Temporal"],
  "kv/file_lock.ts": ["tryLock"],
};

async function serviceSources(): Promise<Source[]> {
  const folders = await Promise.all(["data", "jobs", "kv", "routes"].map(readSources));
  return [await readSource("main.ts"), ...folders.flat()];
}

/** The newer names in a source, besides those that have a replacement there. */
function newerNames({ path, code }: Source): string[] {
  const found: string[] = [];
  for (
    const [, names, module] of code.matchAll(
      /import (?!type )[^"]*?\{([^}]*)\} from "(node:[^"]+)"/g,
    )
  ) {
    const newer = NEWER_EXPORTS[module]?.join(" ").split(" ") ?? [];
    for (const part of names.split(",")) {
      const name = part.trim().split(" as ")[0];
      if (newer.includes(name) || module === "node:zlib" && /^ZS?T?D?_/.test(name)) {
        found.push(name);
      }
    }
  }
  // Not in the texts that pages and browsers get.
  const own = code.replace(/"[^"\n]*"|`[^`]*`/g, "");
  for (const name of NEWER_NAMES) {
    if (new RegExp(`(?<![\\w$])${name.replace(".", "\\.")}(?![\\w$])`).test(own)) found.push(name);
  }
  return found.filter((name) => !REPLACED[path]?.includes(name));
}

Deno.test("the service uses nothing that Deno 2.5.0 lacks, but where it has a replacement", async () => {
  const sources = await serviceSources();
  assert(sources.length > 300, String(sources.length));
  const found = sources.flatMap((source) =>
    newerNames(source).map((name) => `${source.path}: ${name}`)
  );
  assertEquals(found, []);
});

Deno.test("a newer name is found where it is imported, called or constructed", () => {
  const of = (code: string) => newerNames({ path: "data/x.ts", text: code, code });
  assertEquals(of('import { format, parseEnv as parse } from "node:util";'), ["parseEnv"]);
  assertEquals(of('import type { MIMEType } from "node:util";\nconst a = "Temporal";'), []);
  assertEquals(of("new Temporal.ZonedDateTime(0n); map.getOrInsert(1, 2); Deno.spawn(x);"), [
    "Temporal",
    "getOrInsert",
    "Deno.spawn",
  ]);
});
