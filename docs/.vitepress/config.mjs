// The documentation as a site: navigation, search, and what becomes of links into the source. `npm run docs` builds it
// (scripts/docs-site.mjs), from the pages as they are on disk; only docs/api is made from docstrings before.

import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const docs = fileURLToPath(new URL("..", import.meta.url));

/** Pages by their title; without those that are not there. */
const pages = (list) =>
  list.flatMap(([text, page]) => (existsSync(`${docs}${page}.md`) ? [{ text, link: `/${page}` }] : []));

/** Every page of a folder; its title is its name. */
const folder = (name) =>
  !existsSync(`${docs}${name}`)
    ? []
    : readdirSync(`${docs}${name}`)
        .filter((file) => /^[\w.-]+\.md$/.test(file) && file !== "index.md" && file !== "README.md")
        .map((file) => file.slice(0, -".md".length))
        .map((page) => ({ text: page, link: `/${name}/${page}` }));

const programs = readdirSync(`${docs}examples`).filter((file) => file.endsWith(".ts"));

const sidebar = [
  {
    text: "Start",
    items: pages([
      ["Quick start", "guide/quick-start"],
      ["Coming from nats", "guide/coming-from-nats"],
      ["In the place of nats", "guide/in-place-of-nats"],
      ["Parity with nats 2.29.3", "parity"],
      ["Programs that were run", "programs"],
    ]),
  },
  {
    text: "A connection",
    items: pages([
      ["Connecting", "guide/connecting"],
      ["Credentials", "guide/credentials"],
      ["TLS", "guide/tls"],
      ["Reconnecting", "guide/reconnecting"],
      ["Draining", "guide/draining"],
      ["Back pressure", "guide/back-pressure"],
    ]),
  },
  {
    text: "On top of it",
    items: pages([
      ["JetStream, KV, objects, services", "jetstream"],
      ["Browsers", "browsers"],
      ["Runtimes", "runtimes"],
    ]),
  },
  {
    text: "Looking inside",
    items: pages([
      ["The chart", "chart"],
      ["Inspector", "inspector"],
      ["Command line", "cli"],
      ["Testing", "testing"],
    ]),
  },
  {
    text: "Examples",
    link: "/guide/examples",
    collapsed: true,
    items: programs.map((file) => ({ text: file, link: `/examples/${file.slice(0, -".ts".length)}` })),
  },
  { text: "API reference", link: "/api/", collapsed: true, items: folder("api") },
  {
    text: "How well",
    items: [
      { text: "Benchmarks", link: "/benchmarks/" },
      ...folder("benchmarks"),
      ...pages([
        ["Mutation", "mutation"],
        ["Mistakes by hand", "mistakes-by-hand"],
      ]),
    ],
  },
].filter(({ items }) => items.length > 0);

/**
 * A link into the repository, for the site: an example has a page of its own, and of the source the reference is what a
 * reader wants. Everything else stays as it is, and is an error where nothing is there.
 */
function linkOnSite(href, page) {
  if (/^[a-z]+:|^#/.test(href)) return href;
  const target = posix.join(posix.dirname(page), href);
  if (/^examples\/[\w-]+\.ts$/.test(target)) return `/${target.slice(0, -".ts".length)}`;
  if (target === "../src/api/options.ts") return "/api/nats-statechart#ConnectionOptions";
  if (/^\.\.\/src\/[\w/-]+\.ts$/.test(target) && existsSync(posix.join(docs, target))) return "/api/";
  return href;
}

export default defineConfig({
  title: "nats-statechart",
  description: "A NATS client for TypeScript whose connection is a statechart",
  base: process.env.DOCS_BASE ?? "/",
  head: [["link", { rel: "icon", href: "data:," }]],
  outDir: "../.cache/site",
  cacheDir: "../.cache/vitepress",
  // The benchmarks write their report as a README, which is what a reader of the folder sees first.
  rewrites: { "benchmarks/README.md": "benchmarks/index.md" },
  markdown: {
    // As GitHub makes them, where the same pages are read too.
    anchor: {
      slugify: (text) =>
        text
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, "")
          .trim()
          .replaceAll(" ", "-"),
    },
    config: (md) => {
      md.core.ruler.push("links-on-site", ({ tokens, env }) => {
        for (const { children } of tokens) {
          for (const token of children ?? []) {
            if (token.type !== "link_open") continue;
            const href = token.attrGet("href");
            if (href !== null) token.attrSet("href", linkOnSite(href, env.relativePath));
          }
        }
      });
    },
  },
  themeConfig: {
    nav: [
      { text: "Guides", link: "/guide/", activeMatch: "^/guide/(?!examples)" },
      { text: "Examples", link: "/guide/examples", activeMatch: "/examples" },
      { text: "Reference", link: "/api/", activeMatch: "^/api/" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    footer: { message: "Apache-2.0" },
  },
});
