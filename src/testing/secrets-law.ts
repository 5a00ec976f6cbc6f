// Where the secrets in the URLs of a client may go: judged from outside, by what the client was told and by what went over its
// sockets, in both directions. The client's own account of its servers (src/machine/origin.ts) is not asked.
//
// Each secret belongs to one URL of one list. It may go to the server of that URL, and to servers that the client was told of
// over a link to one of these: inside TLS; or, where neither a URL of the list nor any of these servers has asked for TLS, in
// the clear. What was said in the clear counts under TLS only where the certificate carries the host of the URL.

import { decodeText } from "../effects/wire/text.js";
import type { Premise } from "./premises.js";

/** What every secret begins with. Nothing else that a run sends does. */
const MARK = "sEcReT.";
const secrets = /sEcReT\.[^.\s]+\.\d+\.\d+\./g;
/** No secret is longer. */
const LONGEST = 80;
/** A line that is longer than this is none of a server's INFO. */
const MOST_KEPT = 65_536;

/** A secret that can be told from all others: of a client, one of its lists, and a place in that. */
export function secretOf(client: string, list: number, place: number): string {
  return `${MARK}${client}.${list}.${place}.`;
}

/** The secrets in a text. */
export function secretsIn(text: string): readonly string[] {
  return text.includes(MARK) ? (text.match(secrets) ?? []) : [];
}

/** A URL of a list that the client was given. */
interface Given {
  /** `host:port`. */
  readonly name: string;
  readonly host: string;
  /** True where a URL of its list asks for TLS. */
  readonly asksForTls: boolean;
  /** True once one of its servers has spoken TLS. */
  spokeTls: boolean;
  /** Servers that were named in the clear, over a link to one of its servers. */
  readonly claimed: Set<string>;
  /** Servers that were named inside TLS. */
  readonly vouched: Set<string>;
}

/** A socket of the client. */
interface Link {
  /** As it was dialed: `host:port`. */
  readonly server: string;
  /** The URLs that the server counts for. */
  readonly of: readonly Given[];
  /** That of its own, where the server was one of the list itself. */
  readonly own: Given | undefined;
  /** Those of them that had not asked for TLS when it was dialed. */
  readonly plain: ReadonlySet<Given>;
  /** What the server's certificate carries; null in the clear. */
  certificate: readonly string[] | null;
  /** The end of what was written, behind the last secret: another one may come in two pieces. */
  written: string;
  /** The line that is being received. */
  received: string;
}

const counts = ({ claimed, vouched }: Given, server: string) => claimed.has(server) || vouched.has(server);

/** What the options of a client allow. */
export interface SecretsOptions {
  /** What has spoken TLS may be talked to without (`allowNonTls`). */
  readonly allowsNonTls: boolean;
  /** A server of the list may leave the pool (`maxReconnectAttempts`), and come back as one that another server names. */
  readonly givesUp: boolean;
}

/** Watches the secrets of one client. */
export class SecretsLaw {
  readonly #options: SecretsOptions;
  readonly #complain: (what: string) => void;
  readonly #held: (premise: Premise) => void;
  /** The URLs that count now, by name; and those that others were kept for. */
  #configured = new Map<string, Given>();
  #current: ReadonlySet<Given> = new Set();
  /** By secret, all that ever were. */
  readonly #owners = new Map<string, Given>();
  readonly #links = new Map<number, Link>();
  /** The secrets that went out, each with the server to which it went. */
  readonly #sent = new Set<string>();

  /**
   * @param complain called where a secret goes to where it must not
   * @param held called where the premise of a check holds
   */
  constructor(
    options: SecretsOptions,
    complain: (what: string) => void,
    held: (premise: Premise) => void = () => {},
  ) {
    this.#held = held;
    this.#options = options;
    this.#complain = complain;
  }

  /**
   * From here on, the client has this list of servers.
   * @param urls with their secrets
   * @param kept names of servers of the list before that stay as they are
   */
  replaced(urls: readonly string[], kept: readonly string[] = []): void {
    const before = this.#current;
    if (this.#owners.size > 0) this.#held("listReplaced");
    const staying = [...before].filter((given) =>
      kept.some((name) => this.#configured.get(name) === given || counts(given, name)),
    );
    const configured = new Map(
      [...this.#configured].filter(([name, given]) => kept.includes(name) && staying.includes(given)),
    );
    const asksForTls =
      urls.some((url) => url.startsWith("tls://")) || staying.some((given) => given.asksForTls);
    for (const url of urls) {
      const name = url.slice(Math.max(url.indexOf("://") + 3, url.lastIndexOf("@") + 1));
      const given: Given = configured.get(name) ?? {
        name,
        host: name.slice(0, name.lastIndexOf(":")),
        asksForTls,
        spokeTls: [...before].some((other) => other.name === name && other.spokeTls),
        claimed: new Set(),
        vouched: new Set(),
      };
      configured.set(name, given);
      for (const secret of secretsIn(url)) this.#owners.set(secret, given);
    }
    this.#configured = configured;
    this.#current = new Set([...staying, ...configured.values()]);
  }

  /** True where that secret went out to that server, as it was dialed. */
  hasSent(secret: string, server: string): boolean {
    return this.#sent.has(`${secret} ${server}`);
  }

  dialed(socket: number, server: string): void {
    const own = this.#configured.get(server);
    const isOnlyItsOwn = own !== undefined && !this.#options.givesUp;
    const others = isOnlyItsOwn ? [] : [...this.#current].filter((given) => counts(given, server));
    if (own?.spokeTls === true && !own.asksForTls) this.#held("spokeTls");
    const of = own === undefined ? others : [own, ...others.filter((given) => given !== own)];
    this.#links.set(socket, {
      server,
      of,
      own,
      plain: new Set(of.filter((given) => !this.#asksForTls(given))),
      certificate: null,
      written: "",
      received: "",
    });
  }

  secured(socket: number, certificate: readonly string[]): void {
    const link = this.#links.get(socket);
    if (link === undefined) return;
    link.certificate = certificate;
    // What came before TLS is thrown away, and so is a line that was cut off.
    link.received = "";
    const [only, ...others] = link.of;
    // For which of several it was dialed, only its secret tells.
    if (only !== undefined && others.length === 0) only.spokeTls = true;
  }

  /** Bytes came from the server: it may name others. */
  received(socket: number, bytes: Uint8Array): void {
    const link = this.#links.get(socket);
    if (link === undefined) return;
    const text = link.received + decodeText(bytes, 0, bytes.length);
    const end = text.lastIndexOf("\n") + 1;
    link.received = text.length - end > MOST_KEPT ? "" : text.slice(end);
    const lines = text.slice(0, end);
    if (!lines.includes("INFO ")) return;
    for (const [, json = ""] of lines.matchAll(/^INFO (.*)$/gim)) this.#named(link, namesIn(json));
  }

  #named(link: Link, servers: readonly string[]): void {
    for (const given of this.#successors(link)) {
      for (const server of servers) (link.certificate === null ? given.claimed : given.vouched).add(server);
    }
  }

  /** The URLs for which it counts what a server says. Where its own were replaced: those of the same server in the new list. */
  #successors({ of, server }: Link): readonly Given[] {
    const own = of.filter((given) => this.#current.has(given));
    if (own.length > 0) return own;
    return [...this.#configured.values()].filter(
      ({ name }) => name === server || of.some((given) => given.name === name),
    );
  }

  /** The client hands bytes over. */
  wrote(socket: number, bytes: Uint8Array): void {
    const link = this.#links.get(socket);
    if (link === undefined) return;
    const text = link.written + decodeText(bytes, 0, bytes.length);
    const all = secretsIn(text);
    const last = all.at(-1);
    // None is judged twice.
    const read = last === undefined ? 0 : text.lastIndexOf(last) + last.length;
    link.written = text.slice(Math.max(read, text.length - LONGEST));
    for (const secret of all) this.#judge(link, secret);
  }

  over(socket: number): void {
    this.#links.delete(socket);
  }

  #judge(link: Link, secret: string): void {
    const { server, certificate } = link;
    const given = this.#owners.get(secret);
    const where = `${server} ${certificate === null ? "in the clear" : "under TLS"}`;
    this.#sent.add(`${secret} ${server}`);
    if (given === undefined) return this.#complain(`sends a secret that it was not given to ${where}`);
    const what = `sends the secret of ${given.name}`;
    if (!this.#current.has(given)) return this.#complain(`${what}, whose list was replaced, to ${where}`);
    if (certificate === null && this.#asksForTls(given)) {
      const why = given.asksForTls ? "its list asks for TLS" : "TLS was spoken there before";
      return this.#complain(`${what} to ${where}, although ${why}`);
    }
    if (!this.#mayHave(link, given)) return this.#complain(`${what} to ${where}, which is not of its origin`);
    if (certificate !== null) given.spokeTls = true;
  }

  #mayHave({ server, own, plain, certificate }: Link, given: Given): boolean {
    if (own === given) return true;
    if (own !== undefined && !this.#options.givesUp) return false;
    if (given.vouched.has(server)) {
      this.#held("secretToNamed");
      return true;
    }
    if (!given.claimed.has(server)) return false;
    this.#held(certificate === null ? "secretToClaimed" : "secretUnderTls");
    return certificate === null ? plain.has(given) : certificate.includes(given.host);
  }

  #asksForTls({ asksForTls, spokeTls }: Given): boolean {
    return asksForTls || (spokeTls && !this.#options.allowsNonTls);
  }
}

/** The servers that an INFO names. */
function namesIn(json: string): readonly string[] {
  try {
    const { connect_urls: urls } = JSON.parse(json) as { readonly connect_urls?: unknown };
    return Array.isArray(urls) ? urls.map(String) : [];
  } catch {
    return [];
  }
}
