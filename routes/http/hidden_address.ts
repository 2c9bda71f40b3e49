/**
 * Addresses of requests in spans, without secrets.
 *
 * @module
 */

import { pathWithoutSecrets } from "../../data/access/key_text.ts";
import { describeSpan, isTracing } from "../../data/tracing.ts";
import { routePath } from "./route_path.ts";

/**
 * Overwrites the address that the runtime has noted in the span of a request: signatures of links and
 * keys in paths are secrets. To be called before anything can end the request, and so its span.
 */
export function hideAddress(request: Request): void {
  if (!isTracing()) return;
  const path = pathWithoutSecrets(routePath(request));
  describeSpan({
    "url.full": new URL(request.url).origin + path,
    "url.path": path,
    "url.query": "",
  });
}
