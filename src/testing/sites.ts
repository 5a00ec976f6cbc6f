// The clusters of a run and how clients are told of their servers: by address or by the name of the site, with TLS, with
// credentials of their own. Beside them, hosts that belong to nobody: they speak NATS, let nobody in, and remember each secret.

import type { User } from "../effects/simulated/authorization.js";
import type { ModelConnection } from "../effects/simulated/model-connection.js";
import { type ClusterOptions, VirtualCluster } from "../effects/simulated/virtual-cluster.js";
import type { VirtualHost } from "../effects/simulated/virtual-host.js";
import { decodeText } from "../effects/wire/text.js";
import type { Plan, ServerListPlan, SitePlan } from "./plan.js";
import { secretOf, secretsIn } from "./secrets-law.js";
import type { Simulation } from "./simulation.js";

/** How foreign hosts are named in INFO, what they do with TLS, and where they are where the name is no address. */
const foreigners: readonly (readonly [server: string, tls: SitePlan["tls"], address?: string])[] = [
  ["10.66.0.1:4222", "offered"],
  ["plain.foreign.sim:4222", "none", "10.66.0.2:4222"],
  ["tls.foreign.sim:4222", "required", "10.66.0.3:4222"],
];

/** The names of the foreign hosts. */
export const foreignServers: readonly string[] = foreigners.map(([server]) => server);

/** A host that belongs to no cluster of the run, and the secrets that were sent to it. */
interface Foreigner {
  readonly server: string;
  readonly heard: ReadonlySet<string>;
}

interface Site {
  readonly cluster: VirtualCluster;
  /** How clients are told of its servers, each as `host:port`. */
  readonly names: readonly string[];
  readonly speaksTls: boolean;
}

/** How many names clients are told for the servers of a cluster. */
export function namesOf({ servers, known }: Pick<SitePlan, "servers" | "known">): number {
  return known === "byName" ? 1 : servers;
}

/** True where a client has credentials in a URL. */
function hasSecrets({ clients, entries }: Plan): boolean {
  const lists = [
    ...clients.map(({ list }) => list),
    ...entries.map(({ act }) => (act.type === "move" ? act : undefined)),
  ];
  return lists.some((list) => list?.secrets !== undefined && list.secrets !== "none");
}

/** All clusters of a run. */
export class Sites {
  readonly clusters: readonly VirtualCluster[];
  /** The names of all servers that there are at first, as clients are told of them. */
  readonly servers: readonly string[];
  readonly foreigners: readonly Foreigner[];
  readonly #sites: readonly Site[];
  readonly #simulation: Simulation;

  constructor(plan: Plan, simulation: Simulation) {
    const { servers, server, known = "byAddress", other } = plan;
    this.#simulation = simulation;
    this.#sites = [
      this.#build("site-1.sim", { servers, tls: server.tls ?? "none", known }, server),
      ...(other === undefined ? [] : [this.#build("site-2.sim", other, server)]),
    ];
    this.clusters = this.#sites.map(({ cluster }) => cluster);
    this.servers = this.#sites.flatMap(({ names }) => names);
    const asksWho = hasSecrets(plan) || plan.clients.some(({ credentials }) => credentials.type !== "none");
    if (asksWho) for (const { model } of this.clusters) model.users = [{}];
    const isMisled = plan.entries.some(({ act }) => act.type === "mislead");
    this.foreigners = isMisled ? foreigners.map((foreigner) => this.#foreigner(...foreigner)) : [];
  }

  /** The cluster of a server, by the name or the address that it was dialed by; undefined for a foreign host. */
  clusterOf(server: string): VirtualCluster | undefined {
    const address = this.#simulation.network.resolve(server);
    return this.clusters.find(({ nodes }) => nodes.some((node) => node.address === address));
  }

  /** True where both addresses are of clusters of the run, and not of the same one. */
  isOfAnother(address: string, other: string): boolean {
    const subnet = (one: string) => /^10\.0\.(\d+)\./.exec(one)?.[1];
    return subnet(address) !== undefined && subnet(address) !== subnet(other);
  }

  /** The connection of a client to the server that it dialed by that name, as that server sees it. */
  connectionOf(client: string, server: string): ModelConnection | undefined {
    const address = this.#simulation.network.resolve(server);
    return this.clusterOf(server)?.connectionOf(client, address);
  }

  /** The user may connect to all clusters; those of the same name may no more. */
  admit(user: User & { readonly user: string }): void {
    for (const { model } of this.clusters)
      model.users = [...(model.users ?? []).filter((other) => other.user !== user.user), user];
  }

  /** The names in a list. */
  namesIn({ from, count }: Pick<ServerListPlan, "from" | "count">): readonly string[] {
    const { length } = this.servers;
    const first = from % length;
    return [...this.servers, ...this.servers].slice(first, first + Math.min(count, length));
  }

  /** The URLs of a list that is given to a client; whoever has these credentials may connect. */
  urls(client: string, list: number, plan: ServerListPlan): readonly string[] {
    const names = this.namesIn(plan);
    const siteOf = (name: string) => this.#sites.find((site) => site.names.includes(name));
    const secured = plan.tls === true ? names.find((name) => siteOf(name)?.speaksTls === true) : undefined;
    return names.map((name, place) => {
      const scheme = name === secured ? "tls" : "nats";
      const { secrets = "none" } = plan;
      if (secrets === "none" || (secrets === "first" && place > 0)) return `${scheme}://${name}`;
      const secret = secretOf(client, list, place);
      const isToken = place % 2 === 1;
      const user: User = isToken ? { token: secret } : { user: `user-${secret}`, pass: `pass-${secret}` };
      const model = siteOf(name)?.cluster.model;
      if (model !== undefined) model.users = [...(model.users ?? []), user];
      return `${scheme}://${isToken ? secret : `${user.user}:${user.pass}`}@${name}`;
    });
  }

  #build(name: string, { servers, tls, known, headers }: SitePlan, options: ClusterOptions): Site {
    const isNamed = known === "byName";
    const certificate = isNamed ? { certificate: [name] } : {};
    const knowsHeaders = headers === undefined ? {} : { headers };
    const cluster = this.#simulation.cluster(servers, { ...options, tls, ...certificate, ...knowsHeaders });
    const addresses = cluster.nodes.map(({ address }) => address);
    const shared = `${name}:4222`;
    this.#simulation.network.name(shared, cluster.node(0).address);
    return { cluster, names: isNamed ? [shared] : addresses, speaksTls: tls !== "none" };
  }

  #foreigner(server: string, tls: SitePlan["tls"], address = server): Foreigner {
    const { time, network, random } = this.#simulation;
    const certificate = [server.slice(0, server.lastIndexOf(":"))];
    const nobody = { users: [], tls, certificate };
    new VirtualCluster(time, network, random.fork(), () => address, nobody).join();
    network.name(server, address);
    return { server, heard: overheard(network.host(address)) };
  }
}

/** The secrets that arrive at a host, from here on. */
function overheard(host: VirtualHost): ReadonlySet<string> {
  const heard = new Set<string>();
  const { accept } = host;
  if (accept === null) throw new Error("a host that does not listen hears nothing");
  host.listen((socket) => {
    const peer = accept(socket);
    let text = "";
    return {
      data: (bytes) => {
        text += decodeText(bytes, 0, bytes.length);
        for (const secret of secretsIn(text)) heard.add(secret);
        peer.data(bytes);
      },
      secure: () => peer.secure(),
      closed: () => peer.closed(),
    };
  });
  return heard;
}
