// Each program of this folder as a page of the site (`[name].md`), as it stands, and its HTML where it has some. For
// docs/.vitepress.

import { readdir, readFile } from "node:fs/promises";

const folder = new URL("./", import.meta.url);

async function block(file) {
  const text = await readFile(new URL(file, folder), "utf8");
  return `\`\`\`${file.split(".").at(-1)}\n${text}\`\`\``;
}

export default {
  async paths() {
    const all = await readdir(folder);
    const files = all.filter((file) => file.endsWith(".ts"));
    return Promise.all(
      files.map(async (file) => {
        const name = file.slice(0, -".ts".length);
        const parts = [file, `${name}.html`].filter((part) => all.includes(part));
        return { params: { name }, content: (await Promise.all(parts.map(block))).join("\n\n") };
      }),
    );
  },
};
