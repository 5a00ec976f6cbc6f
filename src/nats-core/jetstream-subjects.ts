// What the adapter must know of JetStream's subjects: which messages are of one connection only, and which may be lost.
// All else of JetStream is in the packages.

const PULL = ".CONSUMER.MSG.NEXT.";

/**
 * A pull: a consumer's request for messages, `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`, also with a domain or another
 * prefix in place of `$JS.API`. A server forgets it with the connection that it came by, and whoever pulls pulls again
 * after a reconnect.
 */
export function isPull(subject: string): boolean {
  const at = subject.indexOf(PULL);
  return at > 0 && subject.indexOf(".", at + PULL.length) > 0;
}

/**
 * An acknowledgement, or the answer to a question of flow control: where it is lost, the server delivers the message again,
 * or asks again.
 */
export function isAcknowledgement(subject: string): boolean {
  return subject.startsWith("$JS.ACK.") || subject.startsWith("$JS.FC.");
}
