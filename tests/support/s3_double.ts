/**
 * A small S3 in memory, for tests that run on every machine. It follows the protocol for the requests
 * that the service sends, checks digests, and rejects an unknown access key. It does not check
 * signatures; the real server on which the same tests run does (`ceph.ts`).
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { accessKey, type S3Server } from "./s3_server.ts";

type Bytes = Uint8Array<ArrayBuffer>;

interface StoredObject {
  readonly body: Bytes;
  readonly etag: string;
  readonly meta: [string, string][];
}

interface OpenUpload {
  readonly key: string;
  readonly meta: [string, string][];
  readonly parts: Map<number, { body: Bytes; etag: string }>;
}

interface Bucket {
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, OpenUpload>;
}

interface BucketRequest {
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly request: Request;
  readonly body: Bytes;
}

/** Entries per page of a list: few, so that tests need several pages. */
const PAGE_ITEMS = 3;

/** The key that the server accepts by default. */
const KEY = accessKey("double", "secret");

/**
 * Starts a server on a free port. `refuse` returns the error code for a key that the server does not
 * accept, or null.
 */
export function startS3Double(
  refuse: (accessKeyId: string, sessionToken: string | null) => string | null = (id) =>
    id === KEY.accessKeyId ? null : "InvalidAccessKeyId",
): S3Server {
  const buckets = new Map<string, Bucket>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return answer(buckets, { request, refuse });
  });
  return {
    access: {
      endpoint: `http://127.0.0.1:${server.addr.port}`,
      region: "us-east-1",
      credentials: KEY,
    },
    partBytes: 100_000,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function answer(
  buckets: Map<string, Bucket>,
  { request, refuse }: { request: Request; refuse: Parameters<typeof startS3Double>[0] },
): Promise<Response> {
  const body = await request.bytes();
  const { pathname, searchParams: query } = new URL(request.url);
  const [name, ...rest] = pathname.slice(1).split("/").map(decodeURIComponent);
  const key = rest.join("/");
  const signed = request.headers.get("authorization") ?? "";
  const token = request.headers.get("x-amz-security-token");
  // A token counts only if the signature covers it.
  const isCovered = token === null || /SignedHeaders=[^,]*x-amz-security-token/.test(signed);
  const code = refuse?.(/Credential=([^/]+)/.exec(signed)?.[1] ?? "", isCovered ? token : null);
  if (code) return refusal(code === "ExpiredToken" ? 400 : 403, code);
  if (request.headers.get("x-amz-content-sha256") !== digest("sha256", body).toString("hex")) {
    return refusal(400, "XAmzContentSHA256Mismatch");
  }
  const md5 = request.headers.get("content-md5");
  if (md5 !== null && md5 !== digest("md5", body).toString("base64")) {
    return refusal(400, "BadDigest");
  }
  if (key === "" && request.method === "PUT") {
    buckets.set(name, { objects: new Map(), uploads: new Map() });
    return new Response();
  }
  const bucket = buckets.get(name);
  if (bucket === undefined) return refusal(404, "NoSuchBucket");
  const received = { bucket, key, query, request, body };
  if (key === "") return query.has("uploads") ? listUploads(received) : listObjects(received);
  if (query.has("uploads")) return openUpload(received);
  if (query.has("uploadId")) return onUpload(received);
  return onObject(received);
}

function onObject({ bucket, key, request, body }: BucketRequest): Response {
  switch (request.method) {
    case "PUT": {
      const etag = entityTag(request, body);
      bucket.objects.set(key, { body, etag, meta: metaOf(request) });
      return new Response(null, { headers: { etag: `"${etag}"` } });
    }
    case "DELETE":
      bucket.objects.delete(key);
      return new Response(null, { status: 204 });
    default: {
      const object = bucket.objects.get(key);
      return object === undefined ? refusal(404, "NoSuchKey") : objectAnswer(object, request);
    }
  }
}

function objectAnswer({ body, etag, meta }: StoredObject, request: Request): Response {
  const headers = new Headers([...meta, ["etag", `"${etag}"`]]);
  const match = request.headers.get("if-match");
  if (match !== null && match !== `"${etag}"`) return refusal(412, "PreconditionFailed");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  if (range === null) {
    headers.set("content-length", String(body.length));
    return new Response(request.method === "HEAD" ? null : body, { headers });
  }
  const start = Number(range[1]);
  if (start >= body.length) return refusal(416, "InvalidRange");
  const end = range[2] === "" ? body.length : Math.min(Number(range[2]) + 1, body.length);
  headers.set("content-range", `bytes ${start}-${end - 1}/${body.length}`);
  return new Response(body.slice(start, end), { status: 206, headers });
}

function openUpload({ bucket, key, request }: BucketRequest): Response {
  const id = crypto.randomUUID();
  bucket.uploads.set(id, { key, meta: metaOf(request), parts: new Map() });
  return xml(
    `<InitiateMultipartUploadResult><UploadId>${id}</UploadId>` +
      "</InitiateMultipartUploadResult>",
  );
}

function onUpload({ bucket, key, query, request, body }: BucketRequest): Response {
  const id = query.get("uploadId") ?? "";
  const upload = bucket.uploads.get(id);
  if (upload?.key !== key) {
    // If the upload was already completed, AWS answers 404 and Ceph answers 500.
    return request.method === "POST" ? refusal(500, "InternalError") : refusal(404, "NoSuchUpload");
  }
  if (request.method === "DELETE") {
    bucket.uploads.delete(id);
    return new Response(null, { status: 204 });
  }
  if (request.method === "PUT") {
    const etag = `"${digest("md5", body).toString("hex")}"`;
    upload.parts.set(Number(query.get("partNumber")), { body, etag });
    return new Response(null, { headers: { etag } });
  }
  const listed = [
    ...new TextDecoder().decode(body).matchAll(
      /<PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;<\/ETag>/g,
    ),
  ].map(([, number, etag]) => ({ number: Number(number), etag: `"${etag}"` }));
  const parts = listed.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    return part?.etag === etag ? part.body : null;
  });
  if (parts.length === 0 || parts.includes(null)) return refusal(400, "InvalidPart");
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  parts.reduce((at, part) => (whole.set(part ?? [], at), at + (part?.length ?? 0)), 0);
  const etag = `${digest("md5", whole).toString("hex")}-${parts.length}`;
  bucket.objects.set(key, { body: whole, etag, meta: upload.meta });
  bucket.uploads.delete(id);
  return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
}

function listObjects({ bucket, query }: BucketRequest): Response {
  const prefix = query.get("prefix") ?? "";
  const isFlat = query.get("delimiter") === "/";
  const found = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).map((key) => {
    const slash = key.indexOf("/", prefix.length);
    return isFlat && slash >= 0 ? key.slice(0, slash + 1) : key;
  });
  const keys = [...new Set(found)].toSorted();
  const start = Number(query.get("continuation-token") ?? 0);
  const items = keys.slice(start, start + PAGE_ITEMS).map((key) => {
    const name = key.replaceAll("&", "&amp;");
    const object = bucket.objects.get(key);
    return object === undefined
      ? `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${name}</Key><Size>${object.body.length}</Size></Contents>`;
  });
  const end = start + PAGE_ITEMS;
  const more = end < keys.length ? `<NextContinuationToken>${end}</NextContinuationToken>` : "";
  return xml(`<ListBucketResult>${items.join("")}${more}</ListBucketResult>`);
}

function listUploads({ bucket, query }: BucketRequest): Response {
  const prefix = query.get("prefix") ?? "";
  const all = [...bucket.uploads].filter(([, { key }]) => key.startsWith(prefix));
  const after = all.findIndex(([id]) => id === query.get("upload-id-marker")) + 1;
  const page = all.slice(after, after + PAGE_ITEMS);
  const items = page.map(([id, { key }]) =>
    `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`
  );
  const last = page.at(-1);
  const isCut = after + PAGE_ITEMS < all.length;
  const next = last === undefined
    ? ""
    : `<NextKeyMarker>${last[1].key}</NextKeyMarker><NextUploadIdMarker>${
      last[0]
    }</NextUploadIdMarker>`;
  return xml(
    `<ListMultipartUploadsResult>${next}<IsTruncated>${isCut}</IsTruncated>` +
      `${items.join("")}</ListMultipartUploadsResult>`,
  );
}

/** The MD5, except for objects that a key of KMS encrypts. */
function entityTag({ headers }: Request, body: Bytes): string {
  const isKms = headers.get("x-amz-server-side-encryption")?.startsWith("aws:kms") ?? false;
  return digest("md5", isKms ? new TextEncoder().encode(crypto.randomUUID()) : body).toString(
    "hex",
  );
}

function metaOf(request: Request): [string, string][] {
  return [...request.headers].filter(([name]) => name.startsWith("x-amz-meta-"));
}

function digest(algorithm: "md5" | "sha256", body: Bytes): Buffer {
  return createHash(algorithm).update(body).digest();
}

function xml(text: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`, {
    headers: { "content-type": "application/xml" },
  });
}

function refusal(status: number, code: string): Response {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`;
  return new Response(text, { status, headers: { "content-type": "application/xml" } });
}
