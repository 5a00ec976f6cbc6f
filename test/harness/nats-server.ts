// Real nats-servers for tests and benchmarks: started on free loopback ports, killed, paused and started again.
//
// None outlives the process that started it; in vitest, none outlives the test file. A server is ended by its own
// process id. Which nats-server: see versions.ts. For servers that misbehave: fake-server.ts.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsServers } from "../../scripts/nats-servers.mjs";
import { accepts, answered, freePorts, greeting } from "./ports.js";

/** What a server is started with. */
export interface ServerOptions {
  /** The nats-server to run. Default: the oldest of those that tests run against. */
  readonly path?: string;
  /** Port for clients. Default: a free one. */
  readonly port?: number;
  /** Configuration besides the address to listen on: the text of a file, or an object of the same names. */
  readonly config?: ServerConfig;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Whether it tells about itself by HTTP: see `monitor`. */
  readonly monitor?: boolean;
}

/** The text of a configuration file, or an object of the same names. */
export type ServerConfig = string | Readonly<Record<string, unknown>>;

/** Every server that this process started and that has not ended yet. */
const running = new Set<ChildProcess>();

let folder: string | undefined;

/** A folder for files of this process's servers, removed with them. */
export function scratchFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), "nats-statechart-"));
  return folder;
}

function endServers(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Leaves nothing behind; synchronous, as a process that ends does not wait. */
function cleanUp(): void {
  endServers();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

process.once("exit", cleanUp);
// A vitest that is killed leaves its workers running; all that they notice is that nobody listens to them any more.
process.once("disconnect", cleanUp);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.once(signal, () => {
    cleanUp();
    process.kill(process.pid, signal);
  });
}
// Ends what a test forgot with its file. The folder stays until the process ends: where files of tests share one, the others have
// files there. Benchmarks use this file without vitest.
if (process.env["VITEST"] !== undefined) {
  const { afterAll } = await import("vitest");
  afterAll(async () => {
    const exits = [...running].map((child) => once(child, "exit"));
    endServers();
    await Promise.all(exits);
  });
}

/** A nats-server under test. */
export class TestServer {
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #file: string;
  readonly #monitorPort: number | undefined;
  #config: ServerConfig;
  #child: ChildProcess | undefined;
  #log = "";

  /** Not started yet: use `startServer`. */
  constructor(port: number, monitorPort: number | undefined, options: ServerOptions) {
    this.port = port;
    this.#monitorPort = monitorPort;
    this.#options = options;
    this.#config = options.config ?? "";
    this.#file = join(scratchFolder(), `${port}.conf`);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Its process; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Its configuration besides the address, as text: for `reload`. */
  get config(): string {
    return configText(this.#config);
  }

  /** What it wrote to its log since it was first started. */
  log(): string {
    return this.#log;
  }

  /** A page of its monitor, such as `connz`. Only with the option `monitor`. */
  async monitor(page: string): Promise<Record<string, unknown>> {
    if (this.#monitorPort === undefined) throw new Error("start the server with `monitor: true`");
    const response = await fetch(`http://127.0.0.1:${this.#monitorPort}/${page}`);
    return (await response.json()) as Record<string, unknown>;
  }

  /** Starts it; resolves when it greets. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`the server on port ${this.port} runs already`);
    await this.#writeConfig();
    const path = this.#options.path ?? (await oldestServer());
    const child = spawn(path, ["-c", this.#file, ...(this.#options.args ?? [])], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let problem: string | undefined;
    child.once("error", (error) => {
      problem = error.message;
    });
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (this.#child === child) this.#child = undefined;
      problem = `it ended with ${code ?? signal}`;
    });
    child.stderr?.on("data", (chunk) => {
      this.#log += chunk;
    });
    if (child.pid !== undefined) running.add(child);
    // With this option a server says nothing before TLS.
    const isSilent = configText(this.#config).includes("handshake_first");
    const before = this.#log.length;
    await answered(
      () => `a greeting of nats-server on port ${this.port}\n${this.#log}`,
      async () => {
        if (problem !== undefined) throw new Error(`nats-server does not start: ${problem}\n${this.#log}`);
        // Its own word first: another server could be what listens on that port.
        if (!this.#log.slice(before).includes("Server is ready")) return undefined;
        return isSilent ? accepts(this.port) : greeting(this.port);
      },
    );
  }

  /** Ends it at once, as a crash does; resolves when it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || !running.has(child)) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && running.has(child)) await once(child, "exit");
  }

  /** SIGTERM: ends it in good order; resolves when it is gone. */
  async stop(): Promise<void> {
    this.resume();
    await this.kill("SIGTERM");
  }

  /** The same server on the same port, again, whether it still runs or not, maybe with another configuration; resolves when it greets. */
  async restart(config: ServerConfig = this.#config): Promise<void> {
    await this.kill();
    this.#config = config;
    await this.start();
  }

  /** SIGSTOP: its sockets stay open, and nobody answers. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** As `pause`; resolves when every thread of it stands still: until then it may answer. Reads /proc, as Linux has it. */
  async freeze(): Promise<void> {
    this.pause();
    const threads = `/proc/${this.pid}/task`;
    const runs = (thread: string) =>
      !/^State:\s+T/m.test(readFileSync(`${threads}/${thread}/status`, "utf8"));
    await answered(
      () => `nats-server on port ${this.port} to stand still`,
      async () => !readdirSync(threads).some(runs) || undefined,
    );
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** SIGUSR2: lame duck mode. Ten seconds later, or `lame_duck_grace_period`, it begins to close connections. */
  lameDuck(): void {
    this.#child?.kill("SIGUSR2");
  }

  /** Another configuration from now on, by SIGHUP; resolves when it is in force. */
  async reload(config: ServerConfig): Promise<void> {
    this.#config = config;
    await this.#writeConfig();
    const before = this.#log.length;
    this.#child?.kill("SIGHUP");
    await answered(
      () => `the reload of nats-server on port ${this.port}\n${this.#log}`,
      async () => /Reloaded|Reload(ing)? failed|Failed to reload/i.test(this.#log.slice(before)) || undefined,
    );
    if (!/Reloaded/.test(this.#log.slice(before)))
      throw new Error(`not reloaded\n${this.#log.slice(before)}`);
  }

  async #writeConfig(): Promise<void> {
    const monitor = this.#monitorPort === undefined ? "" : `http: "127.0.0.1:${this.#monitorPort}"\n`;
    await writeFile(this.#file, `listen: "127.0.0.1:${this.port}"\n${monitor}${configText(this.#config)}\n`);
  }
}

/** A configuration as text: JSON is valid in a NATS configuration file. */
export function configText(config: ServerConfig): string {
  if (typeof config === "string") return config;
  return Object.entries(config)
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join("\n");
}

let oldest: Promise<string> | undefined;

/** The server of a test that names none: brought by the project's own script, whatever PATH has. */
export function oldestServer(): Promise<string> {
  oldest ??= natsServers().then(([server]) => {
    if (server === undefined) throw new Error("there is no nats-server: see scripts/nats-servers.mjs");
    return server.path;
  });
  return oldest;
}

/** Starts a server; resolves when it greets. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const [port = 0, monitorPort] = await freePorts(options.monitor === true ? 2 : 1);
  const server = new TestServer(options.port ?? port, monitorPort, options);
  await server.start();
  return server;
}

/** Servers that know each other. */
export class TestCluster {
  readonly nodes: readonly TestServer[];

  constructor(nodes: readonly TestServer[]) {
    this.nodes = nodes;
  }

  get urls(): string[] {
    return this.nodes.map((node) => node.url);
  }

  /** The node that a client calls `host:port`. */
  nodeAt(name: string): TestServer {
    const node = this.nodes.find(({ port }) => name.endsWith(`:${port}`));
    if (node === undefined) throw new Error(`no node of this cluster is ${name}`);
    return node;
  }

  /** Resolves when every node tells its clients of all of them. */
  async formed(): Promise<void> {
    await Promise.all(
      this.nodes.map((node) => {
        let told: unknown;
        return answered(
          () =>
            `a cluster of ${this.nodes.length} that knows itself; ${node.url} tells of ${told}\n${node.log()}`,
          async () => {
            told = (await greeting(node.port))?.["connect_urls"];
            return (Array.isArray(told) && told.length === this.nodes.length) || undefined;
          },
        );
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** What the nodes of a cluster are started with. */
export interface ClusterOptions extends ServerOptions {
  /** Further configuration of each node, by its client port and its place: `client_advertise`, users of its own, ... */
  readonly each?: (port: number, place: number) => ServerConfig | Promise<ServerConfig>;
}

/** Starts a cluster; resolves when every node tells its clients of all of them. */
export async function startCluster(
  size: number,
  { each = () => "", ...options }: ClusterOptions = {},
): Promise<TestCluster> {
  const ports = await freePorts(2 * size);
  const routePorts = ports.slice(size);
  const routes = routePorts.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  const nodes = await Promise.all(
    ports.slice(0, size).map(async (port, index) => {
      const own = configText(await each(port, index));
      const cluster = `cluster { name: "test", listen: "127.0.0.1:${routePorts[index]}", routes: [${routes}] }`;
      const config = `server_name: "n${index}"\n${cluster}\n${configText(options.config ?? "")}\n${own}`;
      return startServer({ ...options, port, config });
    }),
  );
  const cluster = new TestCluster(nodes);
  await cluster.formed();
  return cluster;
}
