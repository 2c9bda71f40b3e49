/**
 * The two pages that display the OpenAPI document: their HTML, their files and their content
 * security policies. They load nothing from other hosts.
 *
 * @module
 */

import type { PagePackage } from "./package_files.ts";

/** A page. */
export interface DocsPage {
  /** The script without which it stays blank. */
  readonly script: string;
  /** Its content security policy. */
  readonly policy: string;
  /** Its HTML. */
  readonly html: string;
}

/** A file that a page loads: from a package, or a text of ours. */
export type DocsAsset =
  & { readonly contentType: string }
  & ({ readonly from: PagePackage; readonly path: string } | { readonly text: string });

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const PNG = "image/png";

/** Starts Swagger UI, without its validator, which is on another host. */
const SWAGGER_INIT = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
`;

/** Starts ReDoc. */
const REDOC_INIT = `Redoc.init(
  "/openapi.json",
  { hideLoading: true },
  document.getElementById("page"),
);
`;

/** Every file that the pages load, by its name under `/docs/assets/`. */
export const DOCS_ASSETS: Readonly<Record<string, DocsAsset>> = {
  "swagger-ui.css": { contentType: STYLE, from: "swagger-ui-dist", path: "swagger-ui.css" },
  "swagger-ui-bundle.js": {
    contentType: SCRIPT,
    from: "swagger-ui-dist",
    path: "swagger-ui-bundle.js",
  },
  "swagger-init.js": { contentType: SCRIPT, text: SWAGGER_INIT },
  "redoc.standalone.js": {
    contentType: SCRIPT,
    from: "redoc",
    path: "bundles/redoc.standalone.js",
  },
  "redoc-init.js": { contentType: SCRIPT, text: REDOC_INIT },
  "page.css": { contentType: STYLE, text: "body { margin: 0; }\n" },
  "icon.png": { contentType: PNG, from: "swagger-ui-dist", path: "favicon-32x32.png" },
};

/**
 * Hashes of the style elements that ReDoc's bundle creates: an empty one, to which it adds rules one
 * by one, and the scroll bars of its menu.
 */
const REDOC_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
];

/** Pages by their path. */
export const DOCS_PAGES: Readonly<Record<"/docs" | "/redoc", DocsPage>> = {
  "/docs": {
    script: "swagger-ui-bundle.js",
    policy: policy({ "style-src": "'self'", "img-src": "'self' data:" }),
    html: html({
      title: "OpenWatts: Swagger UI",
      styles: ["page.css", "swagger-ui.css"],
      scripts: ["swagger-ui-bundle.js", "swagger-init.js"],
    }),
  },
  "/redoc": {
    script: "redoc.standalone.js",
    policy: policy({
      "style-src": `'self' ${REDOC_STYLES.join(" ")}`,
      "img-src": "'self' data:",
      "worker-src": "blob:",
    }),
    html: html({
      title: "OpenWatts: ReDoc",
      styles: ["page.css"],
      scripts: ["redoc.standalone.js", "redoc-init.js"],
    }),
  },
};

function policy(more: Record<string, string>): string {
  const all = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    ...more,
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  };
  return Object.entries(all).map(([name, sources]) => `${name} ${sources}`).join("; ");
}

function html(
  { title, styles, scripts }: { title: string; styles: string[]; scripts: string[] },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/docs/assets/icon.png">
${styles.map((name) => `<link rel="stylesheet" href="/docs/assets/${name}">`).join("\n")}
</head>
<body>
<div id="page"></div>
${scripts.map((name) => `<script src="/docs/assets/${name}"></script>`).join("\n")}
</body>
</html>
`;
}
