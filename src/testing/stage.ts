// What the clients of a run share: the world, the plan, the books, and a place to note what happens.

import type { Auth } from "../api/authenticators.js";
import type { Published } from "../effects/simulated/command-reader.js";
import type { ClusterObserver } from "../effects/simulated/model.js";
import { printable } from "../effects/wire/control-characters.js";
import { decodeText } from "../effects/wire/text.js";
import type { Milliseconds } from "../machine/units.js";
import { InvariantBroken, type Ledger, type Registry } from "./ledger.js";
import { type MessageId, readPayload } from "./message-id.js";
import type { CredentialsPlan, Plan } from "./plan.js";
import { Premises } from "./premises.js";
import { QueueGroups } from "./queue-groups.js";
import { type SecretsLaw, secretsIn } from "./secrets-law.js";
import type { Simulation } from "./simulation.js";
import { Sites } from "./sites.js";

/** Something that happened in a run. */
export interface SimulationEvent {
  /** Milliseconds of virtual time since the beginning. */
  readonly at: Milliseconds;
  /** A client, or `world`. */
  readonly who: string;
  readonly what: string;
}

/** The stage of one run. */
export class Stage {
  readonly plan: Plan;
  readonly simulation: Simulation;
  readonly sites: Sites;
  readonly registry: Registry;
  /** What becomes of the messages of queue groups. */
  readonly groups: QueueGroups;
  /** Where the secrets of each client may go. */
  readonly secrets = new Map<string, SecretsLaw>();
  readonly premises = new Premises();
  readonly events: SimulationEvent[] = [];
  /** True where a server says PONG unasked, so that a flush proves nothing. */
  readonly isLying: boolean;
  /** True where a client is told of servers that there are not, which it believes until it is told better. */
  readonly isMisleading: boolean;
  /** True once the trouble is over: credentials are good and last. */
  isPeaceful = false;
  /** Called with the name of a client that is closed. */
  ended: (client: string) => void = () => {};
  readonly #listener: ((event: SimulationEvent) => void) | undefined;
  #issued = 0;

  constructor(plan: Plan, simulation: Simulation, listener: ((event: SimulationEvent) => void) | undefined) {
    this.plan = plan;
    this.simulation = simulation;
    this.sites = new Sites(plan, simulation);
    this.isLying = plan.entries.some(({ act }) => act.type === "greet" && act.handshake.type === "eager");
    const named = "connect_urls";
    this.isMisleading = plan.entries.some(
      ({ act }) =>
        act.type === "mislead" ||
        (act.type === "say" && act.text.includes(named)) ||
        (act.type === "greet" && act.handshake.type === "other" && act.handshake.text.includes(named)),
    );
    this.#listener = listener;
    this.registry = {
      ledgers: new Map<string, Ledger>(),
      now: () => simulation.time.elapsed(),
      complain: (what) => {
        this.note("BROKEN", what);
        simulation.time.halt(new InvariantBroken(what));
      },
      held: (premise) => this.premises.note(premise),
    };
    this.groups = new QueueGroups(this.registry, (client, what) => this.note(client, what), this.isLying);
    const withId = (heard: (id: MessageId) => void, { payload }: Published) => {
      const id = readPayload(decodeText(payload, 0, Math.min(payload.length, 100)));
      if (id !== undefined) heard(id);
    };
    const observer: ClusterObserver = {
      read: ({ port }, message) =>
        withId(
          ({ client, number }) => this.registry.ledgers.get(client)?.deliveries.arrived(port, number),
          message,
        ),
      handed: (member, message) => withId((id) => this.groups.handed(member, id), message),
      missed: (member, message) => withId((id) => this.groups.missed(member, id), message),
    };
    for (const { model } of this.sites.clusters) model.observer = observer;
  }

  /** What foreign hosts have heard, a client must have sent to them: nothing comes there that its law did not judge. */
  checkForeigners(): void {
    for (const { server, heard } of this.sites.foreigners) {
      for (const secret of heard) {
        const isKnown = [...this.secrets.values()].some((law) => law.hasSent(secret, server));
        if (!isKnown)
          this.registry.complain(`${server} knows the secret ${secret}, which nobody has sent there`);
      }
    }
  }

  /** Notes that something happened. */
  note(who: string, what: string): void {
    if (who !== "BROKEN" && secretsIn(what).length > 0)
      this.registry.complain(`${who} tells a secret: ${JSON.stringify(what)}`);
    const event = { at: this.simulation.time.elapsed(), who, what: printable(what) };
    this.events.push(event);
    this.#listener?.(event);
  }

  /** The credentials of a client, at one of its attempts. */
  credentialsOf(client: string, plan: CredentialsPlan): Auth | Promise<Auth> {
    if (plan.type !== "issued") {
      const auth = { user: client, pass: "constant" };
      this.sites.admit(auth);
      return auth;
    }
    const { time, random } = this.simulation;
    if (!this.isPeaceful && random.chance(plan.fails)) throw new Error("no credentials today");
    // No part of a server's name: such a server, learnt from INFO, would not be dialed.
    const pass = `pass-${++this.#issued}`;
    const expiresAt = this.isPeaceful ? {} : { expiresAt: time.now() + plan.ms };
    this.sites.admit({ user: client, pass, ...expiresAt });
    const auth = { user: client, pass };
    if (this.isPeaceful || plan.takes === 0) return auth;
    return new Promise((resolve) => time.startTimer(plan.takes, () => resolve(auth)));
  }
}
