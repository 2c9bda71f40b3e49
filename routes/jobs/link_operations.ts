/**
 * Signed links of files in the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import type { Operation, Parameter } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";
import { type FileOperation, fileOperation } from "./file_operations.ts";
import { fileLink, linkRequest } from "./link_schemas.ts";

/** The parts in which the operations on links of one kind of file differ from those on others. */
export interface LinkOperations extends Pick<FileOperation, "tag" | "csv" | "otherTypes"> {
  /** What the file belongs to, in words: `an export`. */
  readonly of: string;
  /** The path and name of the operation that makes a link. */
  readonly make: Pick<Operation, "path" | "id">;
  /** The path and name of the operation that a link leads to. */
  readonly use: Pick<Operation, "path" | "id">;
  /** The id of the job in both paths. */
  readonly parameter: Parameter;
  /** The problems of its file, besides those of every file. */
  readonly problems: readonly AnsweredCode[];
}

/** The operations that make and use a link. */
export function linkOperations(
  { of, make, use, parameter, problems, ...named }: LinkOperations,
): readonly Operation[] {
  const download = fileOperation({
    ...named,
    ...use,
    summary: `Download the file of ${of} by a link`,
    parameter,
    problems: ["LINK_INVALID", "LINK_EXPIRED", ...problems],
  });
  return [
    {
      ...make,
      method: "post",
      tag: named.tag,
      summary: `Make a link to the file of ${of}`,
      description:
        "Makes an address at which anyone can download the file without a key, until it " +
        "expires. It ends earlier with the file, or with the key that made it. Use the address as " +
        "it is: the signature does not hold for any other.",
      parameters: [parameter],
      isBodyOptional: true,
      body: [{
        mediaType: "application/json",
        schema: linkRequest,
        examples: { day: { summary: "For a day", value: { expires_in: 86_400 } } },
      }],
      answers: [{
        status: 200,
        description: "The link.",
        headers: ["Cache-Control"],
        content: [{ mediaType: "application/json", schema: fileLink }],
      }],
      problems: [
        "INVALID_REQUEST",
        "MALFORMED_BODY",
        "UNSUPPORTED_MEDIA_TYPE",
        "BODY_TOO_LARGE",
        ...problems,
      ],
    },
    {
      ...download,
      description: `The address that \`${make.id}\` gave you. ${download.description}`,
      parameters: [parameter, ...SIGNED, ...(download.parameters ?? []).slice(1)],
    },
  ];
}

/** The operation that ends all links. */
export const endLinksOperation: Operation = {
  method: "delete",
  path: "/api/links",
  id: "endLinks",
  tag: "Exports",
  summary: "End all links",
  description: "Replaces the secret that signs links, so that every link to a file of an export " +
    "or report ends at once. A link of one key ends when you revoke the key.",
  answers: [{ status: 204, description: "No link that was made before is valid." }],
  problems: [],
};

const SIGNED: readonly Parameter[] = [
  {
    in: "query",
    name: "expires",
    isRequired: true,
    description: "Until when the link is valid, epoch seconds.",
    schema: z.string().regex(/^[1-9]\d{0,11}$/),
    example: "4102444800",
  },
  {
    in: "query",
    name: "by",
    isRequired: true,
    description: "Who made the link.",
    schema: z.string().regex(/^(key-[a-z0-9]{1,32}|anyone|oidc)$/),
    example: "anyone",
  },
  {
    in: "query",
    name: "signature",
    isRequired: true,
    description: "The signature of the address.",
    schema: z.string().regex(/^[0-9a-f]{64}$/),
    example: "0".repeat(64),
  },
];
