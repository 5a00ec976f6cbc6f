// What a fuzzed server says: bytes with the secret in them (secrets.ts), or a good INFO with changes (changed.ts).

import { changed } from "./changed.js";
import { withSecret } from "./secrets.js";

const GOOD_INFO = {
  server_id: "S",
  server_name: "s",
  version: "2.10.0",
  proto: 1,
  host: "h",
  port: 4222,
  headers: true,
  max_payload: 1_048_576,
  client_id: 7,
  client_ip: "127.0.0.1",
  nonce: "nonce",
  connect_urls: ["a:4222", "b:4222"],
  ldm: false,
  tls_required: false,
  tls_available: false,
  cluster: "c",
};

/** INFO as servers say it. */
export const GREETING = infoLine(GOOD_INFO);

/** An INFO line: a good one, with the changes that these bytes are. */
export function changedInfo(bytes: Uint8Array, secret: string | undefined): Uint8Array {
  return infoLine(changed(GOOD_INFO, Buffer.from(said(bytes, secret)).toString()));
}

/** The bytes, with the secret in them where there is one. */
export function said(bytes: Uint8Array, secret: string | undefined): Uint8Array {
  return secret === undefined ? bytes.slice() : withSecret(bytes, secret);
}

function infoLine(info: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(`INFO ${JSON.stringify(info)}\r\n`));
}
