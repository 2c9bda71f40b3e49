/**
 * How the OpenAPI document describes itself, the pages that display it, and their files.
 *
 * @module
 */

import { z } from "zod";
import { DOCS_ASSETS } from "./pages.ts";
import type { Answer, Content, Operation, Parameter } from "../openapi/operation.ts";

const ifNoneMatch: Parameter = {
  in: "header",
  name: "If-None-Match",
  description: "Send an `ETag` you have: if the content has not changed, the answer is 304.",
  schema: z.string(),
  example: '"other"',
};

function answers(content: readonly Content[]): readonly Answer[] {
  return [
    {
      status: 200,
      description: "The content.",
      headers: ["ETag", "Cache-Control", "Content-Length"],
      content,
    },
    {
      status: 304,
      description: "Not modified: the content is the one you have.",
      headers: ["ETag", "Cache-Control"],
    },
  ];
}

const text = z.string();
const HTML: readonly Content[] = [{ mediaType: "text/html", schema: text }];

const document: Operation = {
  method: "get",
  path: "/openapi.json",
  id: "getOpenApi",
  tag: "Documents",
  summary: "This document",
  description: "The API as OpenAPI 3.1, built from the schemas that the routes check.",
  parameters: [ifNoneMatch],
  answers: answers([{
    mediaType: "application/json",
    schema: z.looseObject({ openapi: z.literal("3.1.0") }),
  }]),
  problems: [],
};

const swagger: Operation = {
  method: "get",
  path: "/docs",
  id: "getSwaggerUi",
  tag: "Documents",
  summary: "This document in Swagger UI",
  description: "A page where you can read this document and try out requests.",
  parameters: [ifNoneMatch],
  answers: answers(HTML),
  problems: ["PAGE_NOT_INSTALLED"],
};

const redoc: Operation = {
  ...swagger,
  path: "/redoc",
  id: "getRedoc",
  summary: "This document in ReDoc",
  description: "A page where you can read this document.",
};

const asset: Operation = {
  method: "get",
  path: "/docs/assets/{name}",
  id: "getDocsAsset",
  tag: "Documents",
  summary: "A file of the pages",
  description: "The scripts, styles and the icon that the two pages load.",
  parameters: [
    {
      in: "path",
      name: "name",
      description: "The name of the file.",
      schema: z.enum(Object.keys(DOCS_ASSETS)),
      example: "page.css",
    },
    ifNoneMatch,
  ],
  answers: answers([
    { mediaType: "text/javascript", schema: text },
    { mediaType: "text/css", schema: text },
    { mediaType: "image/png", schema: z.unknown() },
  ]),
  problems: ["ROUTE_NOT_FOUND", "PAGE_NOT_INSTALLED"],
};

/** All operations. */
export const docsOperations: readonly Operation[] = [document, swagger, redoc, asset];
