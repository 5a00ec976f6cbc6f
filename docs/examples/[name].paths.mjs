// Each program of this folder as a page of the site (`[name].md`), as it stands. For docs/.vitepress.

import { readdir, readFile } from "node:fs/promises";

const folder = new URL("./", import.meta.url);

export default {
  async paths() {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"));
    return Promise.all(
      files.map(async (file) => {
        const text = await readFile(new URL(file, folder), "utf8");
        return { params: { name: file.slice(0, -".ts".length) }, content: `\`\`\`ts\n${text}\`\`\`` };
      }),
    );
  },
};
