/**
 * The two pages that show the OpenAPI document: what they are made of, and what a browser may do
 * with them. They fetch nothing from anywhere else.
 *
 * @module
 */

import type { PagePackage } from "./package_files.ts";

/** A page. */
export interface DocsPage {
  /** The file that it cannot do without. */
  readonly script: string;
  /** Its policy: what it may load and do. */
  readonly policy: string;
  /** Its HTML. */
  readonly html: string;
}

/** A file that a page loads: of a package, or a text of our own. */
export type DocsAsset =
  & { readonly contentType: string }
  & ({ readonly from: PagePackage; readonly path: string } | { readonly text: string });

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const PNG = "image/png";

/** What loads Swagger UI. The validator it would ask is another host's. */
const SWAGGER_INIT = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
`;

/** What loads ReDoc. */
const REDOC_INIT = `Redoc.init(
  "/openapi.json",
  { hideLoading: true },
  document.getElementById("page"),
);
`;

/** Every file that a page loads, by its name under `/docs/assets/`. */
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
 * The style elements that ReDoc's bundle makes, by their hashes: one that is empty, which it fills
 * rule by rule, and the bars of its scrolling menu.
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
