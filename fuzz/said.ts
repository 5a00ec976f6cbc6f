// What a fuzzed server says: its bytes, with the secret in them (secrets.ts); or, after a byte 6, a good INFO with changes.

import { changed } from "./changed.js";
import { withSecret } from "./secrets.js";

const CHANGES = 6;

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

/** The bytes that these stand for. */
export function said(bytes: Uint8Array, secret: string | undefined): Uint8Array {
  const isChanges = bytes[0] === CHANGES;
  const shown = isChanges ? bytes.subarray(1) : bytes;
  const spoken = secret === undefined ? shown : withSecret(shown, secret);
  return isChanges ? infoLine(changed(GOOD_INFO, Buffer.from(spoken).toString())) : spoken.slice();
}

function infoLine(info: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(`INFO ${JSON.stringify(info)}\r\n`));
}
