/**
 * The operations of the API's documents, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { DOCS_ASSETS } from "./pages.ts";
import type { Answer, Content, Operation, Parameter } from "../openapi/operation.ts";

const ifNoneMatch: Parameter = {
  in: "header",
  name: "If-None-Match",
  description: "Answer 304 where the content still has one of these tags.",
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
      description: "The content is the one the client has.",
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
  description: "The API as OpenAPI 3.1, made from what the routes check.",
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
  description: "A page to read the document and to try requests out.",
  parameters: [ifNoneMatch],
  answers: answers(HTML),
  problems: ["PAGE_NOT_INSTALLED"],
};

const redoc: Operation = {
  ...swagger,
  path: "/redoc",
  id: "getRedoc",
  summary: "This document in ReDoc",
  description: "A page to read the document.",
};

const asset: Operation = {
  method: "get",
  path: "/docs/assets/{name}",
  id: "getDocsAsset",
  tag: "Documents",
  summary: "A file of the pages",
  description: "Scripts, styles and the picture that the two pages load.",
  parameters: [
    {
      in: "path",
      name: "name",
      description: "Its name.",
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

/** All of them. */
export const docsOperations: readonly Operation[] = [document, swagger, redoc, asset];
