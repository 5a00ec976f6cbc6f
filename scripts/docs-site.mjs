// Builds the documentation's site into .cache/site: the pages of docs, and an API reference made from the docstrings
// (api-reference.mjs). Run it by `npm run docs`; then any web server can serve that folder. A link to a page that is not
// there fails the build, and so does one to a heading that is not there. Navigation and search: docs/.vitepress/config.mjs.
// Where it is not served from the root of its host: DOCS_BASE=/its/path/ npm run docs.

import { readdir, readFile } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { writeApiReference } from "./api-reference.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const docs = join(root, "docs");
const site = join(root, ".cache/site");
const base = process.env.DOCS_BASE ?? "/";

await writeApiReference(root, join(docs, "api"));
await build(docs);

const files = (await readdir(site, { recursive: true })).filter((file) => file.endsWith(".html"));
const pages = new Map(
  await Promise.all(
    files.map(async (file) => [file.split(sep).join("/"), await readFile(join(site, file), "utf8")]),
  ),
);
const idsOf = new Map(
  [...pages].map(([page, html]) => [page, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
);

/** The page that a link of another page leads to; undefined where it leads out of the site, or to a file. */
function pageBehind(href, from) {
  if (/^[a-z]+:/.test(href)) return undefined;
  const path = href.startsWith(base) ? href.slice(base.length) : posix.join(posix.dirname(from), href);
  const page = path === "" || path.endsWith("/") ? `${path}index.html` : path;
  return page.endsWith(".html") ? page : undefined;
}

const dead = [];
let links = 0;
for (const [page, html] of pages) {
  for (const [, href = "", id] of html.matchAll(/<a [^>]*?href="([^"#]*)(?:#([^"]*))?"/g)) {
    const target = href === "" ? page : pageBehind(href, page);
    if (target === undefined) continue;
    links++;
    const ids = idsOf.get(target);
    const isThere = ids !== undefined && (!id || ids.has(decodeURIComponent(id)) || ids.has(id));
    if (!isThere) dead.push(`${page}: ${href}${id ? `#${id}` : ""}`);
  }
}
for (const link of new Set(dead)) console.error(`dead link in ${link}`);
if (links === 0) console.error("no link was found: the check proves nothing");
if (dead.length > 0 || links === 0) process.exit(1);
console.log(`${pages.size} pages, ${links} links between them, in ${relative(root, site)}`);
