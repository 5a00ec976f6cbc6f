// The inputs that the fuzzer begins with, which are part of the repository: for each target a file of JSON, each input a string
// of which every character is a byte. fuzz/corpus has what reaches some code that no other input does, found by the fuzzer;
// fuzz/findings has inputs that once showed a fault, by name.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../fuzz", import.meta.url));
const corpusFile = (target) => join(folder, "corpus", `${target}.json`);
const findingsFile = (target) => join(folder, "findings", `${target}.json`);

/** The names of all targets. */
export async function targetNames() {
  const files = await readdir(join(folder, "targets"));
  return files.filter((file) => file.endsWith(".ts")).map((file) => file.slice(0, -3));
}

/**
 * The inputs of a target, by name.
 * @param {string} target
 * @returns {Promise<Map<string, Buffer>>}
 */
export async function inputsOf(target) {
  const [corpus, findings] = [await json(corpusFile(target), []), await json(findingsFile(target), {})];
  return new Map([
    ...Object.entries(findings).map(([name, text]) => [name, bytesOf(text)]),
    ...corpus.map((text) => [nameOf(bytesOf(text)), bytesOf(text)]),
  ]);
}

/** An input as a string of which every character is a byte. */
export const textOf = (bytes) =>
  JSON.stringify(bytes.toString("latin1")).replace(
    /[\x7f-\xff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const bytesOf = (text) => Buffer.from(text, "latin1");
const nameOf = (bytes) => createHash("sha1").update(bytes).digest("hex");

/** Writes inputs into a folder, a file for each. */
export async function writeInputs(to, inputs) {
  await mkdir(to, { recursive: true });
  await Promise.all(inputs.map((bytes) => writeFile(join(to, nameOf(bytes)), bytes)));
}

/** Makes what is in a folder the corpus of a target. */
export async function storeCorpus(target, from) {
  const inputs = await Promise.all((await readdir(from)).map((file) => readFile(join(from, file))));
  // Short ones first, then by their bytes: a corpus that did not change is written as it was.
  inputs.sort((a, b) => a.length - b.length || Buffer.compare(a, b));
  await mkdir(join(folder, "corpus"), { recursive: true });
  await writeFile(corpusFile(target), `[\n${inputs.map((bytes) => `  ${textOf(bytes)}`).join(",\n")}\n]\n`);
  return inputs.length;
}

async function json(path, otherwise) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return otherwise;
    throw error;
  }
}
