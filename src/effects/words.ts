// What a server says over one socket, as it is kept and shown: INFO, -ERR, and what is no NATS. What it means is read from its words as
// they are. What is told of them is masked by all that the server was offered (offered.ts), and cut where it is long.

import type { ServerSummary } from "../machine/events.js";
import { type PermissionContext, type ServerError, serverErrorFrom } from "../machine/server-error.js";
import { MASK } from "./connect-command.js";
import type { Offered } from "./offered.js";
import { parseInfo, type ServerInfo, summaryOf } from "./server-info.js";
import { MAX_TEXT, shortened } from "./shortened.js";
import type { ProtocolViolation } from "./wire/protocol-violation.js";

/** INFO as it came, as it is kept, and as the chart is told. */
interface ReadInfo {
  readonly json: string;
  readonly info: ServerInfo;
  readonly summary: ServerSummary;
}

/** Characters of an INFO that is remembered as it came: one of a cluster has far fewer. */
const MAX_REMEMBERED = 65_536;

/** The words of the server at the other end of one socket. */
export class Words {
  readonly #offered: Offered;
  readonly #isOwn: (permission: PermissionContext) => boolean;
  /** Names that everybody sees: of the servers that were known, and those that this one named before it was offered anything. */
  readonly #knownNames: string;
  #namedBefore: readonly string[] = [];
  /** The last INFO, where the next one may say the same: it is not read again. */
  #read: ReadInfo | undefined;

  /**
   * @param knownNames the names of all servers that are known: they are no secret
   * @param isOwn true where it names a subject of the client's own, of a subscription or a request
   */
  constructor(
    offered: Offered,
    knownNames: readonly string[],
    isOwn: (permission: PermissionContext) => boolean,
  ) {
    this.#offered = offered;
    this.#knownNames = knownNames.join(" ");
    this.#isOwn = isOwn;
  }

  /** More was offered: what was read before is not masked by it. */
  offeredMore(): void {
    this.#read = undefined;
  }

  /**
   * INFO. It gives the same objects where the server says the same again.
   * @throws ProtocolViolation as `parseInfo` does
   */
  info(json: string): ReadInfo {
    const read = this.#read?.json === json ? this.#read : this.#infoFrom(json);
    this.#read = json.length <= MAX_REMEMBERED ? read : undefined;
    return read;
  }

  /** -ERR. */
  error(text: string): ServerError {
    const understood = serverErrorFrom(text);
    if (this.#offered.isNothing && text.length <= MAX_TEXT) return understood;
    const { kind, code, permission } = understood;
    const error = { kind, code, message: this.#told(text) };
    if (permission === undefined) return error;
    // A subject that the client itself uses is no secret, and says what is refused.
    if (this.#isOwn(permission)) return { permission, ...error };
    const { operation, subject, queue } = permission;
    const masked = { operation, subject: this.#toldName(subject) };
    return {
      permission: queue === undefined ? masked : { queue: this.#toldName(queue), ...masked },
      ...error,
    };
  }

  /** Why what it sent is no NATS. */
  reason(violation: ProtocolViolation): string {
    const offered = this.#offered;
    return offered.masked(violation.reasonWith((text) => offered.maskedExcerpt(text)));
  }

  #infoFrom(json: string): ReadInfo {
    const offered = this.#offered;
    const info = parseInfo(json, {
      text: (text) => offered.masked(text),
      // A weak password may well be a part of the names in a cluster; then it is part of those that were known before, too.
      servers: (urls) => offered.without(urls, () => [this.#knownNames, ...this.#namedBefore].join(" ")),
    });
    const summary = summaryOf(info);
    if (offered.isNothing) this.#namedBefore = summary.connectUrls;
    return { json, info, summary };
  }

  /** A name that stood in quotes. Whoever prints it quotes it again: the backslashes that this adds may complete a secret. */
  #toldName(name: string): string {
    const told = this.#told(name);
    if (told !== name) return told;
    const quoted = JSON.stringify(name);
    return this.#offered.masked(quoted) === quoted ? name : MASK;
  }

  #told(text: string): string {
    return shortened(text, (it) => this.#offered.masked(it));
  }
}
