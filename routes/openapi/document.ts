/**
 * Builds the OpenAPI 3.1 document from the operations that stand next to the routes.
 *
 * @module
 */

import type { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { type HeaderName, headerObject } from "./answer_headers.ts";
import { createComponents, type SchemaRefs } from "./components.ts";
import { DESCRIPTION, LICENSE } from "./texts.ts";
import { refusalsOf, SECURITY_SCHEMES, securityOf } from "./security.ts";
import { type Answer, type Content, type Operation, type Parameter, TAGS } from "./operation.ts";
import { problemBody, PROBLEMS } from "../http/problem.ts";
import { type AnsweredCode, MAY_HAVE, PROBLEM_HEADERS, PROBLEM_TEXTS } from "./problem_schema.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** Problems that every operation can answer with. */
const ALWAYS: readonly AnsweredCode[] = [
  "INTERNAL_ERROR",
  "STORED_DATA_DAMAGED",
  "DATABASE_UNAVAILABLE",
  "SERVICE_STOPPING",
];

/** Problems of every operation with a body. */
const OF_BODIES: readonly AnsweredCode[] = ["LENGTH_REQUIRED", "REQUEST_TIMEOUT"];

/** What an operation demands of its caller: a scope, any valid key (`""`), or nothing (null). */
export type ScopeOf = (operation: Operation) => string | null;

/** The content of the document. */
export interface OpenApiParts {
  /** This release. */
  readonly version: string;
  /** Every operation, in the order in which the pages show them. */
  readonly operations: readonly Operation[];
  /** Schemas that have a name of their own. One of them must be `Problem`. */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  /** What each operation demands of its caller. */
  readonly scopeOf: ScopeOf;
}

/** The document. It describes the given operations and nothing else. */
export function openApiDocument(
  { version, operations, schemas, scopeOf }: OpenApiParts,
): JsonObject {
  const { refs, components } = createComponents(schemas, operations.flatMap(schemasOf));
  const responses: JsonObject = {};
  const paths: Record<string, JsonObject> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ??= {};
    path[operation.method] = operationObject(operation, { refs, responses, scopeOf });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenWatts",
      version,
      summary: "Takes in energy and device telemetry, and exports and reports on it.",
      description: DESCRIPTION,
      license: LICENSE,
    },
    servers: [{ url: "/", description: "The service that serves this document." }],
    security: [],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: components, responses, securitySchemes: SECURITY_SCHEMES },
    // OpenAPI has no place for the responses to other methods and other paths.
    "x-other-methods": problemResponseObject(["METHOD_NOT_ALLOWED"], refs),
    "x-other-paths": problemResponseObject(["ROUTE_NOT_FOUND"], refs),
  };
}

/** Every schema that an operation uses. */
function schemasOf({ parameters = [], body = [], answers }: Operation): z.ZodType[] {
  const contents = [...body, ...answers.flatMap(({ content = [] }) => content)];
  return [...parameters, ...contents].map(({ schema }) => schema);
}

/** What operations share: the names of schemas, and the shared responses collected so far. */
interface Shared {
  readonly refs: SchemaRefs;
  readonly scopeOf: ScopeOf;
  readonly responses: JsonObject;
}

function operationObject(operation: Operation, shared: Shared): JsonObject {
  const { id, tag, summary, description, parameters = [], body, isBodyOptional = false } =
    operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...securityOf(shared.scopeOf(operation)),
    ...(parameters.length === 0
      ? {}
      : { parameters: parameters.map((parameter) => parameterObject(parameter, shared.refs)) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: !isBodyOptional, content: contentObject(body, shared.refs) } }),
    responses: responsesObject(operation, shared),
  };
}

function parameterObject(
  { in: place, name, description, schema, example, isRequired }: Parameter,
  refs: SchemaRefs,
): JsonObject {
  const required = isRequired ?? place === "path";
  const described = { in: place, name, required, description };
  // Swagger UI prefills parameters that have an example; a condition must stay empty by default.
  return required
    ? { ...described, schema: refs.schemaOf(schema), example }
    : { ...described, schema: { ...refs.schemaOf(schema), examples: [example] } };
}

function contentObject(contents: readonly Content[], refs: SchemaRefs): JsonObject {
  return Object.fromEntries(contents.map(({ mediaType, schema, examples }) => [
    mediaType,
    { schema: refs.schemaOf(schema), ...(examples === undefined ? {} : { examples }) },
  ]));
}

/** Every response by its status: those of the operation, then its problems. */
function responsesObject(operation: Operation, { refs, responses, scopeOf }: Shared): JsonObject {
  const codes = new Map<number, AnsweredCode[]>();
  const scope = scopeOf(operation);
  const ofBody = operation.body === undefined ? [] : OF_BODIES;
  const always = operation.hasOwnErrors === true
    ? []
    : [...ofBody, ...refusalsOf(scope), ...ALWAYS];
  for (const code of new Set([...operation.problems, ...always])) {
    const { status } = PROBLEMS[code];
    codes.set(status, [...codes.get(status) ?? [], code]);
  }
  const all: Record<string, JsonObject> = {};
  for (const answer of operation.answers) all[answer.status] = answerObject(answer, refs);
  for (const [status, ofStatus] of codes) {
    const problem = problemResponseObject(ofStatus, refs);
    const other = all[status];
    all[status] = other === undefined
      ? sharedResponse(ofStatus, problem, responses)
      : joined(other, problem);
  }
  return all;
}

function answerObject(
  { description, headers = [], mayHave = [], content, links }: Answer,
  refs: SchemaRefs,
): JsonObject {
  const headerObjects = {
    ...headersObject(headers, true),
    ...headersObject(mayHave, false),
  };
  return {
    description,
    ...(Object.keys(headerObjects).length === 0 ? {} : { headers: headerObjects }),
    ...(content === undefined ? {} : { content: contentObject(content, refs) }),
    ...(links === undefined ? {} : { links }),
  };
}

function headersObject(names: readonly HeaderName[], isRequired: boolean): JsonObject {
  return Object.fromEntries(names.map((name) => [name, headerObject(name, isRequired)]));
}

/**
 * The problems of one status as one response. Its schema is a plain reference, so that generated
 * clients know a single error type; `x-problem-codes` lists the codes. A header is required if all
 * of the problems have it.
 */
function problemResponseObject(
  codes: readonly AnsweredCode[],
  refs: SchemaRefs,
): JsonObject {
  const sets = codes.map((code) => PROBLEM_HEADERS[code] ?? []);
  const names = [...new Set([...sets, ...codes.map((code) => MAY_HAVE[code] ?? [])].flat())];
  const isCommon = (name: HeaderName) => sets.every((set) => set.includes(name));
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEM_TEXTS[code]}`).join("\n\n"),
    ...(names.length === 0 ? {} : {
      headers: Object.fromEntries(names.map((name) => [name, headerObject(name, isCommon(name))])),
    }),
    content: {
      "application/problem+json": { schema: refs.ref("Problem"), examples: problemExamples(codes) },
    },
    "x-problem-codes": codes,
  };
}

function problemExamples(codes: readonly AnsweredCode[]): JsonObject {
  return Object.fromEntries(codes.map((code) => {
    const value = problemBody(new AppError(code, PROBLEM_TEXTS[code]));
    return [code, { summary: PROBLEMS[code].title, value }];
  }));
}

/** The response of a status that has both a body of its own and problems. */
function joined(answer: JsonObject, problem: JsonObject): JsonObject {
  const optional = (headers: unknown) =>
    Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, { required: _, ...header }]) => [name, header]),
    );
  return {
    ...problem,
    ...answer,
    description: `${answer.description}\n\n${problem.description}`,
    headers: { ...optional(answer.headers), ...optional(problem.headers) },
    content: { ...Object(answer.content), ...Object(problem.content) },
  };
}

/** Moves a response with a single code to the components, under the name of that code. */
function sharedResponse(
  codes: readonly AnsweredCode[],
  response: JsonObject,
  responses: JsonObject,
): JsonObject {
  if (codes.length > 1) return response;
  const words = codes[0].split("_");
  const name = words.map((word) => word[0] + word.slice(1).toLowerCase()).join("");
  responses[name] = response;
  return { $ref: `#/components/responses/${name}` };
}
