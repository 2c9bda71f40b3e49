/**
 * Reads the OpenAPI document of a running service and checks answers against it.
 *
 * @module
 */

import { ownHeaders } from "./own_headers.ts";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { SECURITY_HEADERS } from "../../routes/http/security_headers.ts";
import { assert, assertEquals, assertMatch } from "./assert.ts";
import type { JsonAnswer } from "./service.ts";

/** A JSON object. */
export type Json = Record<string, JsonAnswer["body"]>;

/** An operation of the document. */
export interface DocumentedOperation {
  /** In capitals. */
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  /** Its `operationId`. */
  readonly id: string;
  /** Its parameters. */
  readonly parameters: readonly Json[];
  /** The content of its request body by media type; null if it has none. */
  readonly body: Json | null;
  /** Its responses by status, with references resolved. */
  readonly responses: Json;
}

/** An answer, read to its end. */
export interface ReadAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body as text. */
  readonly text: string;
}

/** A document to check answers against. */
export interface OpenApi {
  /** The whole document. */
  readonly document: Json;
  /** Every operation. */
  readonly operations: readonly DocumentedOperation[];
  /** HEAD of every GET. The document says once for all that it answers like GET, without a body. */
  readonly heads: readonly DocumentedOperation[];
  /** Resolves a reference; returns anything else unchanged. */
  follow(value: Json): Json;
  /** The operation of an id, or HEAD of it. */
  operation(id: string, method?: "HEAD"): DocumentedOperation;
  /** Fails unless the document allows the answer to the operation, given whole or by its id. */
  assertAllowed(operation: DocumentedOperation | string, answer: ReadAnswer): void;
  /** Fails unless the response object allows the answer to a method. */
  assertResponse(method: string, response: Json, answer: ReadAnswer): void;
}

/** Headers that the HTTP layer sets. */
const TRANSPORT = ["date", "connection", "content-length", "content-type", "transfer-encoding"];
/** The header of every answer, which only the introduction of the document describes. */
const OF_ALL = "x-request-id";

/** The document of a running service. */
export async function fetchOpenApi(url: string): Promise<OpenApi> {
  return openApiOf(await (await fetch(`${url}/openapi.json`)).json());
}

/** Prepares a document for checks. */
export function openApiOf(document: Json): OpenApi {
  // The patterns next to formats check them.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, "api");
  const validators = new Map<Json, ValidateFunction>();

  function follow(value: Json): Json {
    if (typeof value.$ref !== "string") return value;
    const parts = value.$ref.slice(2).split("/");
    return parts.reduce((at, part) => at[part], document);
  }

  function assertValid(schema: Json, value: unknown): void {
    // References inside the document's schemas start at the document.
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
    const validate = validators.get(schema) ?? ajv.compile(rooted);
    validators.set(schema, validate);
    assert(validate(value), `${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
  }

  function assertHeaders({ headers: documented = {} }: Json, { headers: all }: ReadAnswer): void {
    const headers = ownHeaders(all);
    const names = new Set(Object.keys(documented).map((name) => name.toLowerCase()));
    for (const name of headers.keys()) {
      const isKnown = names.has(name) || name in SECURITY_HEADERS || TRANSPORT.includes(name) ||
        name === OF_ALL;
      assert(isKnown, `the header ${name} is not documented`);
    }
    for (const [name, { required, schema }] of Object.entries<Json>(documented)) {
      const value = headers.get(name);
      if (value !== null) assertMatch(value, new RegExp(schema.pattern), name);
      assert(value !== null || required !== true, `the header ${name} is missing`);
    }
    for (const name of [...Object.keys(SECURITY_HEADERS), OF_ALL]) assert(headers.has(name), name);
  }

  function assertResponse(method: string, response: Json, answer: ReadAnswer): void {
    assertHeaders(response, answer);
    if (method === "HEAD" || response.content === undefined) return assertEquals(answer.text, "");
    const mediaType = answer.headers.get("content-type")?.split(";")[0] ?? "";
    const content = response.content[mediaType];
    assert(content !== undefined, `the media type ${mediaType} is not documented`);
    // NDJSON is a text of many values.
    const isJson = /[/+]json$/.test(mediaType);
    assertValid(content.schema, isJson ? JSON.parse(answer.text) : answer.text);
  }

  const operations = operationsOf(document, follow);
  const heads = operations.filter(({ method }) => method === "GET")
    .map((get) => ({ ...get, method: "HEAD" }));

  function operation(id: string, method?: "HEAD"): DocumentedOperation {
    const one = (method === "HEAD" ? heads : operations).find((each) => each.id === id);
    assert(one !== undefined, `there is no operation ${id}`);
    return one;
  }

  return {
    document,
    operations,
    heads,
    follow,
    operation,
    assertResponse,
    assertAllowed(idOrOperation, answer) {
      const { method, id, responses } = typeof idOrOperation === "string"
        ? operation(idOrOperation)
        : idOrOperation;
      const response = responses[answer.status];
      assert(response !== undefined, `${id} does not document ${answer.status}: ${answer.text}`);
      assertResponse(method, response, answer);
    },
  };
}

/** Sends a request and reads the answer to its end. */
export async function ask(url: string, init: RequestInit = {}): Promise<ReadAnswer> {
  return await readAnswer(await fetch(url, { ...init, redirect: "manual" }));
}

/** Reads an answer to its end. */
export async function readAnswer(response: Response): Promise<ReadAnswer> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function operationsOf(document: Json, follow: (value: Json) => Json): DocumentedOperation[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      id: operation.operationId,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content ?? null,
      responses: Object.fromEntries(
        Object.entries<Json>(operation.responses).map(([status, one]) => [status, follow(one)]),
      ),
    }))
  );
}
