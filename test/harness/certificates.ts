// Certificates for tests, made when they run: an authority, and what it issues. X.509 v3 written by hand, since node:crypto
// reads certificates but makes none, and a bare machine may have no openssl. Keys are P-256: made in a millisecond.
//
// Only what servers and clients look at is in them: names, dates, and whether it is an authority (RFC 5280).

import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "./nats-server.js";

/** What a certificate is to say. */
export interface Wishes {
  /** DNS names and IP addresses that it is for. Default: `localhost`, `127.0.0.1` and `::1`. */
  readonly names?: readonly string[];
  /** Its common name. Default `test`. */
  readonly commonName?: string;
  /** When it begins to be valid. Default: an hour ago. */
  readonly from?: Date;
  /** When it ends to be valid. Default: in an hour. */
  readonly until?: Date;
}

/** A certificate and its private key, both as PEM, and where they lie as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const HOUR = 3_600_000;
let files = 0;

/** A file in the folder of the tests, removed with it. */
export function scratchFile(name: string, content: string | Uint8Array): string {
  const path = join(scratchFolder(), `${files++}-${name}`);
  writeFileSync(path, content);
  return path;
}

/** Somebody who signs certificates. */
export class Authority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  readonly certFile: string;
  readonly #name: Uint8Array;
  readonly #key: KeyObject;

  constructor(commonName = "test authority") {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = distinguishedName(commonName);
    this.#key = privateKey;
    const dates = validity(new Date(Date.now() - HOUR), new Date(Date.now() + HOUR));
    this.cert = this.#signed(this.#name, dates, publicKey, [basicConstraints]);
    this.certFile = scratchFile("ca.pem", this.cert);
  }

  /** Issues a certificate, for a new key. */
  issue({
    names = ["localhost", "127.0.0.1", "::1"],
    commonName = "test",
    from,
    until,
  }: Wishes = {}): Certificate {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const dates = validity(from ?? new Date(Date.now() - HOUR), until ?? new Date(Date.now() + HOUR));
    const alternatives = names.length === 0 ? [] : [subjectAlternatives(names)];
    const cert = this.#signed(distinguishedName(commonName), dates, publicKey, alternatives);
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    return { cert, key, certFile: scratchFile("cert.pem", cert), keyFile: scratchFile("key.pem", key) };
  }

  #signed(
    subject: Uint8Array,
    dates: Uint8Array,
    publicKey: KeyObject,
    extensions: readonly Uint8Array[],
  ): string {
    const version3 = der(0xa0, integer(2));
    // The first byte of a serial number is neither zero nor above 0x7f: it is a positive number in its shortest form.
    const serial = der(0x02, Uint8Array.of(0x40), randomBytes(15));
    const keyInfo = publicKey.export({ type: "spki", format: "der" });
    const listed = extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))];
    const body = sequence(version3, serial, ecdsaWithSha256, this.#name, dates, subject, keyInfo, ...listed);
    const signature = sign("sha256", body, this.#key);
    return pem(sequence(body, ecdsaWithSha256, der(0x03, Uint8Array.of(0), signature)));
  }
}

/** The same key, encrypted with a passphrase. */
export function encryptedKey(key: string, passphrase: string): string {
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
  return createPrivateKey(key).export(options) as string;
}

// DER: tag, length, content.

function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content);
  const { length } = bytes;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), bytes]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const integer = (value: number) => der(0x02, Uint8Array.of(value));
const text = (tag: number, value: string) => der(tag, Buffer.from(value));
const hex = (digits: string) => Buffer.from(digits, "hex");

// Object identifiers, in the bytes that stand for them.
const ecdsaWithSha256 = sequence(der(0x06, hex("2a8648ce3d040302")));
const commonNameId = der(0x06, hex("550403"));
const basicConstraintsId = der(0x06, hex("551d13"));
const subjectAlternativesId = der(0x06, hex("551d11"));

const truth = der(0x01, Uint8Array.of(0xff));
const basicConstraints = sequence(basicConstraintsId, truth, der(0x04, sequence(truth)));

function distinguishedName(commonName: string): Uint8Array {
  return sequence(der(0x31, sequence(commonNameId, text(0x0c, commonName))));
}

function validity(from: Date, until: Date): Uint8Array {
  const time = (date: Date) => text(0x17, `${date.toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`);
  return sequence(time(from), time(until));
}

function subjectAlternatives(names: readonly string[]): Uint8Array {
  const all = names.map((name) => (isIP(name) === 0 ? text(0x82, name) : der(0x87, addressBytes(name))));
  return sequence(subjectAlternativesId, der(0x04, sequence(...all)));
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return hex([...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join(""));
}

function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
