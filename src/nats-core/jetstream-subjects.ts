// What the adapter must know of JetStream's subjects: which messages are of one connection only. All else of JetStream is in
// the packages.

const PULL = ".CONSUMER.MSG.NEXT.";

/**
 * A pull: a consumer's request for messages, `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`, also with a domain or another
 * prefix in place of `$JS.API`. A server forgets it with the connection that it came by, and whoever pulls pulls again
 * after a reconnect.
 */
export function isPull(subject: string): boolean {
  const at = subject.indexOf(PULL);
  return at > 0 && subject.includes(".", at + PULL.length);
}
