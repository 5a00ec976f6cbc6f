// Which subscriptions get a message: the subjects of all of them as a tree of tokens, as in nats-server.

/** Somebody who is subscribed. */
export interface Subscriber {
  /** Tokens with dots between them; `*` stands for one, a last `>` for all that follow. */
  readonly subject: string;
  /** Queue group, or undefined. */
  readonly queue: string | undefined;
}

/** Who gets a message: everyone in `plain`, and one of each group. */
export interface Matches<T> {
  readonly plain: readonly T[];
  readonly groups: readonly (readonly T[])[];
}

interface Node<T> {
  readonly subscribers: Set<T>;
  readonly tokens: Map<string, Node<T>>;
}

function newNode<T>(): Node<T> {
  return { subscribers: new Set(), tokens: new Map() };
}

/** All subscriptions. A subject to subscribe to must be valid (`isSubject`). */
export class Sublist<T extends Subscriber> {
  readonly #root = newNode<T>();
  #size = 0;

  /** How many subscriptions there are. */
  get size(): number {
    return this.#size;
  }

  add(subscriber: T): void {
    let node = this.#root;
    for (const token of subscriber.subject.split(".")) {
      let next = node.tokens.get(token);
      if (next === undefined) {
        next = newNode();
        node.tokens.set(token, next);
      }
      node = next;
    }
    node.subscribers.add(subscriber);
    this.#size++;
  }

  /** Takes it out; no effect where it is not in. */
  remove(subscriber: T): void {
    this.#remove(this.#root, subscriber.subject.split("."), 0, subscriber);
  }

  #remove(node: Node<T>, tokens: readonly string[], depth: number, subscriber: T): void {
    if (depth === tokens.length) {
      if (node.subscribers.delete(subscriber)) this.#size--;
      return;
    }
    const token = tokens[depth] as string;
    const next = node.tokens.get(token);
    if (next === undefined) return;
    this.#remove(next, tokens, depth + 1, subscriber);
    if (next.subscribers.size === 0 && next.tokens.size === 0) node.tokens.delete(token);
  }

  /** Who gets a message on that subject; nobody where it is not one to publish to. */
  match(subject: string): Matches<T> {
    const tokens = subject.split(".");
    const found: T[] = [];
    if (!tokens.includes("")) collect(this.#root, tokens, 0, found);
    const groups = new Map<string, T[]>();
    const plain = found.filter((subscriber) => {
      const { queue } = subscriber;
      if (queue === undefined) return true;
      const group = groups.get(queue);
      if (group === undefined) groups.set(queue, [subscriber]);
      else group.push(subscriber);
      return false;
    });
    return { plain, groups: [...groups.values()] };
  }
}

function collect<T>(node: Node<T>, tokens: readonly string[], depth: number, found: T[]): void {
  if (depth === tokens.length) {
    found.push(...node.subscribers);
    return;
  }
  const rest = node.tokens.get(">");
  if (rest !== undefined) found.push(...rest.subscribers);
  const token = tokens[depth] as string;
  // A message to `a.*` or `a.>` is legal, and then the wildcard is a token like any other.
  const literal = token === "*" || token === ">" ? undefined : node.tokens.get(token);
  if (literal !== undefined) collect(literal, tokens, depth + 1, found);
  const any = node.tokens.get("*");
  if (any !== undefined) collect(any, tokens, depth + 1, found);
}

/** Whether one may subscribe to it. */
export function isSubject(subject: string): boolean {
  const tokens = subject.split(".");
  return tokens.every((token, at) => token !== "" && (token !== ">" || at === tokens.length - 1));
}

/** Whether it is a subject without wildcards. */
export function isLiteral(subject: string): boolean {
  return isSubject(subject) && !subject.split(".").some((token) => token === "*" || token === ">");
}

/** Whether every message on `subject` (which may have wildcards) is also one on `pattern`. */
export function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (let at = 0; at < wanted.length; at++) {
    const token = wanted[at];
    if (token === ">") return given.length > at;
    if (at >= given.length || given[at] === ">") return false;
    if (token !== "*" && token !== given[at]) return false;
  }
  return given.length === wanted.length;
}
