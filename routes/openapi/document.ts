/**
 * The OpenAPI 3.1 document, made of the operations that stand beside the routes.
 *
 * @module
 */

import type { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { type HeaderName, headerObject } from "./answer_headers.ts";
import { createComponents, schemaOf, type SchemaRefs } from "./components.ts";
import { DESCRIPTION, LICENSE, UNREADABLE } from "./texts.ts";
import { type Answer, type Content, type Operation, type Parameter, TAGS } from "./operation.ts";
import { problemBody, PROBLEMS } from "../http/problem.ts";
import { type AnsweredCode, PROBLEM_HEADERS, PROBLEM_TEXTS } from "./problem_schema.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** Problems that every operation can answer. */
const ALWAYS: readonly AnsweredCode[] = ["INTERNAL_ERROR", "SERVICE_STOPPING"];

/** What the document is made of. */
export interface OpenApiParts {
  /** This release. */
  readonly version: string;
  /** Every operation, in the order in which they are shown. */
  readonly operations: readonly Operation[];
  /** Schemas that have a name of their own. */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
}

/** The document. It speaks of nothing but the parts that it is given. */
export function openApiDocument({ version, operations, schemas }: OpenApiParts): JsonObject {
  const { refs, components } = createComponents(schemas);
  const responses: JsonObject = {};
  const paths: Record<string, JsonObject> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ??= {};
    path[operation.method] = operationObject(operation, { refs, responses });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenWatts",
      version,
      summary: "Takes in smart-meter readings and gives them back as files.",
      description: DESCRIPTION,
      license: LICENSE,
    },
    servers: [{ url: "/", description: "The service that this document comes from." }],
    // There are no accounts.
    security: [],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: components, responses },
    // OpenAPI has no place for what other methods and other paths are answered.
    "x-other-methods": problemResponseObject(405, ["METHOD_NOT_ALLOWED"], { refs }),
    "x-other-paths": problemResponseObject(404, ["ROUTE_NOT_FOUND"], { refs }),
  };
}

/** What operations share: names of schemas, and the shared responses met so far. */
interface Shared {
  readonly refs: SchemaRefs;
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
  { in: place, name, description, schema, example }: Parameter,
  refs: SchemaRefs,
): JsonObject {
  const required = place === "path";
  const described = { in: place, name, required, description };
  // Swagger UI fills examples of parameters in, which nobody wants of conditions and preferences.
  return required
    ? { ...described, schema: schemaOf(schema, refs), example }
    : { ...described, schema: { ...schemaOf(schema, refs), examples: [example] } };
}

function contentObject(contents: readonly Content[], refs: SchemaRefs): JsonObject {
  return Object.fromEntries(contents.map(({ mediaType, schema, examples }) => [
    mediaType,
    { schema: schemaOf(schema, refs), ...(examples === undefined ? {} : { examples }) },
  ]));
}

/** Every answer by its status: what the operation says, its problems, and what HTTP itself says. */
function responsesObject(operation: Operation, { refs, responses }: Shared): JsonObject {
  const codes = new Map<number, AnsweredCode[]>([[400, []]]);
  for (const code of [...operation.problems, ...ALWAYS]) {
    const { status } = PROBLEMS[code];
    codes.set(status, [...codes.get(status) ?? [], code]);
  }
  const isHead = operation.method === "head";
  const all: Record<string, JsonObject> = {};
  for (const answer of operation.answers) all[answer.status] = answerObject(answer, refs);
  for (const [status, ofStatus] of codes) {
    const problem = problemResponseObject(status, ofStatus, { refs, isHead });
    const other = all[status];
    if (other !== undefined) all[status] = joined(other, problem);
    else all[status] = sharedResponse({ codes: ofStatus, isHead }, problem, responses);
  }
  return all;
}

function answerObject(
  { description, headers = [], mayHave = [], content }: Answer,
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
  };
}

function headersObject(names: readonly HeaderName[], isRequired: boolean): JsonObject {
  return Object.fromEntries(names.map((name) => [name, headerObject(name, isRequired)]));
}

/** Problems of one status as one response. A header is required where every one of them has it. */
function problemResponseObject(
  status: number,
  codes: readonly AnsweredCode[],
  { refs, isHead = false }: { refs: SchemaRefs; isHead?: boolean },
): JsonObject {
  const texts = codes.map((code) => `\`${code}\`: ${PROBLEM_TEXTS[code]}`);
  if (status === 400) texts.push(UNREADABLE);
  const sets = codes.map((code) => PROBLEM_HEADERS[code] ?? []);
  const names = [...new Set(sets.flat())];
  const isCommon = (name: HeaderName) => sets.every((set) => set.includes(name));
  return {
    description: texts.join("\n\n"),
    ...(names.length === 0 ? {} : {
      headers: Object.fromEntries(names.map((name) => [name, headerObject(name, isCommon(name))])),
    }),
    ...(isHead || codes.length === 0
      ? {}
      : { content: { "application/problem+json": problemContent(status, codes, refs) } }),
  };
}

function problemContent(
  status: number,
  codes: readonly AnsweredCode[],
  refs: SchemaRefs,
): JsonObject {
  const narrow = { properties: { status: { const: status }, code: { enum: codes } } };
  const examples = codes.map((code) => {
    const value = problemBody(new AppError(code, PROBLEM_TEXTS[code]));
    return [code, { summary: PROBLEMS[code].title, value }];
  });
  return {
    schema: { allOf: [refs.ref("Problem"), { type: "object", ...narrow }] },
    examples: Object.fromEntries(examples),
  };
}

/** One status that has both: an answer that is no problem, and problems. */
function joined(answer: JsonObject, problem: JsonObject): JsonObject {
  const optional = (headers: unknown) =>
    Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, { required: _, ...header }]) => [name, header]),
    );
  return {
    description: `${answer.description}\n\n${problem.description}`,
    headers: { ...optional(answer.headers), ...optional(problem.headers) },
    ...("content" in answer || "content" in problem
      ? { content: { ...Object(answer.content), ...Object(problem.content) } }
      : {}),
  };
}

/** A response of one problem stands in the components, under the name of its code. */
function sharedResponse(
  { codes, isHead }: { codes: readonly AnsweredCode[]; isHead: boolean },
  response: JsonObject,
  responses: JsonObject,
): JsonObject {
  if (codes.length > 1) return response;
  const words = codes.length === 0 ? ["UNREADABLE"] : codes[0].split("_");
  const pascal = words.map((word) => word[0] + word.slice(1).toLowerCase()).join("");
  const name = isHead && codes.length > 0 ? `${pascal}Head` : pascal;
  responses[name] = response;
  return { $ref: `#/components/responses/${name}` };
}
