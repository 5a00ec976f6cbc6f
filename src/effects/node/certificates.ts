// Certificates and keys that the TLS options give, as values or files: read, and checked before they are used, since
// OpenSSL passes over some that are broken and calls the rest by names of its own. No message quotes any of them.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { loadFiles } from "./late-parts.js";
import { TlsFailure } from "./tls-failure.js";
import type { TlsOptions } from "./tls-options.js";

/** What `node:tls` is given of them. */
export type Material = Pick<TlsOptions, "ca" | "cert" | "key">;

type Part = keyof Material;
type Pem = string | NodeJS.ArrayBufferView;

/**
 * Reads what the options name; files are read anew each time, so that a renewed certificate is used.
 * @throws TlsFailure that names the option which is wrong
 */
export async function readMaterial(options: TlsOptions): Promise<Material> {
  const [ca, cert, key] = await Promise.all([
    read("ca", options),
    read("cert", options),
    read("key", options),
  ]);
  const material = { ...ca, ...cert, ...key };
  const label = (part: Part) => `tls.${part}${options[`${part}File`] === undefined ? "" : "File"}`;
  checkCertificates(label("ca"), material.ca);
  checkCertificates(label("cert"), material.cert);
  checkKeys(label("key"), material.key, options.passphrase);
  checkPair(`${label("key")} does not belong to ${label("cert")}`, material, options.passphrase);
  return material;
}

async function read(part: Part, options: TlsOptions): Promise<Material> {
  const path: unknown = options[`${part}File`];
  if (path === undefined) return options[part] === undefined ? {} : { [part]: options[part] };
  if (typeof path !== "string" || path === "")
    throw new TlsFailure(`tls.${part}File must be the path of a file`);
  try {
    const { readFile } = await loadFiles();
    return { [part]: await readFile(path) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new TlsFailure(`tls.${part}File: the file cannot be read (${code})`, { cause: error });
  }
}

const isPem = (value: unknown): value is Pem => typeof value === "string" || ArrayBuffer.isView(value);
const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const textOf = (pem: Pem) =>
  typeof pem === "string" ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString("latin1");

function checkCertificates(label: string, value: unknown): void {
  if (value === undefined) return;
  for (const one of listed(value)) {
    if (!isPem(one)) throw new TlsFailure(`${label} must be a certificate in PEM, as a string or Buffer`);
    if (!isCertificate(textOf(one))) throw new TlsFailure(`${label} is not a certificate in PEM`);
  }
}

function isCertificate(text: string): boolean {
  if (!text.includes("-----BEGIN")) return false;
  try {
    return new X509Certificate(text) !== undefined;
  } catch {
    return false;
  }
}

function checkKeys(label: string, value: unknown, passphrase: unknown): void {
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw new TlsFailure("tls.passphrase must be a string");
  }
  if (value === undefined) return;
  for (const one of listed(value)) {
    const { pem = one, passphrase: own = passphrase } = (isPem(one) ? {} : (one ?? {})) as Record<
      string,
      unknown
    >;
    if (!isPem(pem)) throw new TlsFailure(`${label} must be a private key in PEM, as a string or Buffer`);
    checkKey(label, textOf(pem), own as string | undefined);
  }
}

function checkKey(label: string, key: string, passphrase: string | undefined): void {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key))
    throw new TlsFailure(`${label} is not a private key in PEM`);
  const isEncrypted = key.includes("ENCRYPTED");
  if (isEncrypted && passphrase === undefined)
    throw new TlsFailure(`${label} is encrypted: give tls.passphrase`);
  try {
    createPrivateKey(passphrase === undefined ? key : { key, passphrase });
  } catch {
    const problem = isEncrypted ? "cannot be opened with tls.passphrase" : "is not a private key in PEM";
    throw new TlsFailure(`${label} ${problem}`);
  }
}

/** Keys of another type than the certificate's are passed over in silence, and the client then seems to have none. */
function checkPair(problem: string, { cert, key }: Material, passphrase: string | undefined): void {
  if (!isPem(cert) || !isPem(key)) return;
  const secret = createPrivateKey(passphrase === undefined ? textOf(key) : { key: textOf(key), passphrase });
  if (!new X509Certificate(textOf(cert)).checkPrivateKey(secret)) throw new TlsFailure(problem);
}
