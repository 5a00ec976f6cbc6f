// Which runtime this is: Node, or one that behaves as Node in most things.

const versions: Readonly<Record<string, string | undefined>> = process.versions;

export const isBun = versions["bun"] !== undefined;
export const isDeno = versions["deno"] !== undefined;
export const isNode = !isBun && !isDeno;
