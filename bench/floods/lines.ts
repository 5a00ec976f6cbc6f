// The bytes of a flood, as pieces of about 64 KiB: that is what a socket hands over at once.

const PIECE = 65_536;

/** A number of lines that are all alike. The pieces share their memory. */
export function* alike(count: number, line: string | Buffer): Generator<Buffer> {
  const one = Buffer.from(line);
  const perPiece = Math.max(1, Math.floor(PIECE / one.length));
  const piece = Buffer.concat(Array.from({ length: Math.min(perPiece, count) }, () => one));
  for (let left = count; left > 0; left -= perPiece) {
    yield left >= perPiece ? piece : piece.subarray(0, left * one.length);
  }
}

/** A number of lines of which each depends on its number. */
export function* different(count: number, line: (number: number) => string): Generator<Buffer> {
  let text = "";
  for (let number = 0; number < count; number += 1) {
    text += line(number);
    if (text.length < PIECE && number < count - 1) continue;
    yield Buffer.from(text);
    text = "";
  }
}

/** Each byte as a piece of its own. */
export function* bytewise(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1);
}

/** The INFO line of an ordinary server, with changes. */
export function infoLine(changes: Readonly<Record<string, unknown>> = {}): string {
  const plain = {
    server_id: "FLOODS",
    server_name: "floods",
    version: "2.10.0",
    proto: 1,
    host: "127.0.0.1",
    port: 4222,
    headers: true,
    max_payload: 1_048_576,
    client_id: 1,
  };
  return `INFO ${JSON.stringify({ ...plain, ...changes })}\r\n`;
}

/** A message on a subject. */
export function message(subject: string, sid: string, size: number): string {
  return `MSG ${subject} ${sid} ${size}\r\n${"x".repeat(size)}\r\n`;
}

/** A message without a payload, and with as many headers as given; each takes `size` bytes of the block. */
export function messageWithHeaders(subject: string, sid: string, headers: number, size: number): string {
  const fields = Array.from({ length: headers }, (_, number) => {
    const key = `k${`${number}`.padStart(4, "0")}: `;
    return `${key}${"v".repeat(size - key.length - 2)}\r\n`;
  });
  const block = `NATS/1.0\r\n${fields.join("")}\r\n`;
  return `HMSG ${subject} ${sid} ${block.length} ${block.length}\r\n${block}\r\n`;
}
