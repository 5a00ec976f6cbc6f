// What must have happened in a run for a check to have had something to judge. A check whose premise never holds finds nothing,
// however wrong the client is: so a run counts how often each held, and plans are drawn so that each holds in at least one of a hundred.

const all = {
  keptInOutage: "a message was accepted without a connection",
  lost: "a connection was lost with unconfirmed messages",
  resent: "a message was sent again",
  readTwice: "servers read a message twice",
  withdrawnAgain: "a request was withdrawn that was to go out again",
  headersTakenBack: "messages with headers were withdrawn for a server without",
  toldToFlush: "a flush told of a loss",
  unsentAtEnd: "the end told of unsent messages",
  unconfirmedAtEnd: "the end told of unconfirmed messages",
  lostInDrain: "a drain could not confirm all messages",
  waitsForConfirmation: "a client that resends had to wait for a confirmation",
  fullSocket: "a socket had no room",
  endsWithMessages: "a socket was closed before all messages had left",
  halfClosed: "a server half closed a socket with messages",
  moved: "a move was completed",
  publishedInMove: "a client published while it moved",
  leftInTime: "a client left its old server after the overlap",
  heardFromBoth: "a subscription got a message from both servers",
  arrivedLate: "a subscription got a message after a later one from the other server",
  lameDuck: "a client was told of lame duck mode",
  lameDuckInDrain: "a server entered lame duck mode while its client drained",
  lostInMove: "a connection was lost during a move",
  refusedTwice: "a second refusal closed a connection",
  gaveServerUp: "a server was given up",
  gaveUp: "a client gave up",
  renewed: "a client went on with new credentials",
  stale: "a client noticed a silent server",
  listReplaced: "a client with secrets got another list",
  secretToNamed: "a secret went to a server that was named inside TLS",
  secretToClaimed: "a secret went to a server that was named in the clear",
  secretUnderTls: "a secret went under TLS to a server that was named in the clear",
  foreignDialed: "a foreign server was dialed",
  spokeTls: "a client dialed in the clear where TLS was spoken before",
  replayed: "a recording was replayed",
  poolCompared: "the servers that a client knew were compared with those of its cluster",
  memberEnded: "a message of a queue group met a member that had ended",
  memberNoRoom: "a member ended while its socket had no room for UNSUB",
  memberDisconnected: "a message of a queue group was on its way to a lost connection",
  memberBetweenServers: "a message of a queue group met the end of its member between two servers",
  memberDrained: "a member of a queue group was drained",
} as const;

/** The name of a premise. */
export type Premise = keyof typeof all;

/** Each premise in words. */
export const premises: Readonly<Record<Premise, string>> = all;

/** Counts premises. */
export class Premises {
  readonly #held = Object.fromEntries(Object.keys(all).map((name) => [name, 0])) as Record<Premise, number>;

  /** A premise holds, once more. */
  note(premise: Premise): void {
    this.#held[premise]++;
  }

  /** How often each has held. */
  get held(): Readonly<Record<Premise, number>> {
    return { ...this.#held };
  }
}
