/**
 * Serves the files of the pages. Their addresses have a digest of all files, so browsers may keep them
 * for good, and modules can import each other by their names.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { ReadPackageFile } from "../docs/package_files.ts";
import { isKnown } from "../http/file_conditions.ts";
import { type Asset, type AssetName, ASSETS } from "./asset_table.ts";
import { compressed, type Encoding, encodingOf } from "./compressed.ts";

/** Digits of the digest in an address: enough that two releases never share one. */
const VERSION_DIGITS = 16;
/** How long browsers keep a file whose address has its digest. */
const FOR_GOOD = "public, max-age=31536000, immutable";

/** The files, read. */
export interface Assets {
  /** The address of a file. */
  url(name: AssetName): string;
  /** Answers a request for a file; null if there is none of this name. */
  answer(request: Request, version: string, name: string): Response | null;
}

interface Loaded {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly encoded: Map<Encoding, Uint8Array<ArrayBuffer>>;
}

/** Reads the files when they are first needed. If that fails, the next call tries again. */
export function openAssets(readPackageFile: ReadPackageFile): () => Promise<Assets> {
  let loading: Promise<Assets> | null = null;
  return () => {
    loading ??= loadAssets(readPackageFile).catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

async function loadAssets(readPackageFile: ReadPackageFile): Promise<Assets> {
  const entries = Object.entries(ASSETS);
  const loaded = new Map<string, Loaded>();
  await Promise.all(entries.map(async ([name, asset]) => {
    const bytes = await readAsset(name, asset, readPackageFile);
    if (bytes === null) return;
    const etag = await digestOf(bytes);
    loaded.set(name, { contentType: asset.contentType, etag, bytes, encoded: new Map() });
  }));
  const all = entries.map(([name]) => `${name} ${loaded.get(name)?.etag}`).join("\n");
  const version = (await digestOf(new TextEncoder().encode(all))).slice(0, VERSION_DIGITS);
  return {
    url: (name) => `/assets/${version}/${name}`,
    answer(request, asked, name) {
      const file = loaded.get(name);
      // A page of another release may ask for files while this one starts: they fit well enough.
      const cacheControl = asked === version ? FOR_GOOD : "no-cache";
      return file === undefined ? null : answerWith(request, file, cacheControl);
    },
  };
}

function answerWith(request: Request, file: Loaded, cacheControl: string): Response {
  const encoding = encodingOf(request.headers, file.contentType);
  const etag = encoding === null ? `"${file.etag}"` : `"${file.etag}-${encoding}"`;
  const headers: Record<string, string> = {
    etag,
    "cache-control": cacheControl,
    "vary": "Accept-Encoding",
  };
  if (isKnown(request.headers, etag)) return new Response(null, { status: 304, headers });
  let body = file.bytes;
  if (encoding !== null) {
    body = file.encoded.get(encoding) ?? compressed(file.bytes, encoding);
    file.encoded.set(encoding, body);
    headers["content-encoding"] = encoding;
  }
  return new Response(body, {
    headers: {
      ...headers,
      "content-type": file.contentType,
      "content-length": String(body.length),
    },
  });
}

/** The bytes of a file; null if its package is not installed, so that only its page suffers. */
async function readAsset(
  name: string,
  { contentType, from }: Asset,
  readPackageFile: ReadPackageFile,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (from !== undefined) {
    try {
      return await readPackageFile(from.package, from.path);
    } catch (error) {
      if (error instanceof AppError && error.code === "PAGE_NOT_INSTALLED") return null;
      throw error;
    }
  }
  const bytes = await Deno.readFile(new URL(`../assets/${name}`, import.meta.url));
  return contentType.startsWith("text/javascript") ? withAddresses(bytes) : bytes;
}

/** A module in which packages are imported by their addresses. */
function withAddresses(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let text = new TextDecoder().decode(bytes);
  for (const [name, { from }] of Object.entries<Asset>(ASSETS)) {
    if (from?.specifier === undefined) continue;
    text = text.replaceAll(` from "${from.specifier}"`, ` from "./${name}"`);
  }
  return new TextEncoder().encode(text);
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
