// Real nats-servers for tests: started on free loopback ports, killed, paused and started again, ended with the test.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What a server is started with. */
export interface ServerOptions {
  /** The nats-server to run. Default: the one on PATH. */
  readonly path?: string;
  /** Port for clients. Default: a free one. */
  readonly port?: number;
  /** Content of a configuration file, besides the address to listen on. */
  readonly config?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Ports that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer().listen(0, "127.0.0.1");
      await once(probe, "listening");
      return probe;
    }),
  );
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => once(probe.close(), "close")));
  return ports;
}

/** The first INFO that a server on that port sends; undefined where none comes. */
async function greeting(port: number): Promise<Record<string, unknown> | undefined> {
  const socket = dial(port, "127.0.0.1");
  let text = "";
  try {
    for await (const chunk of socket) {
      text += chunk.toString();
      const line = /^INFO (.*)\r\n/.exec(text)?.[1];
      if (line !== undefined) return JSON.parse(line);
    }
  } catch {
    // Nobody listens there yet.
  } finally {
    socket.destroy();
  }
  return undefined;
}

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(25);
  }
  throw new Error(`timed out: ${what}`);
}

/** A nats-server under test. */
export class TestServer {
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(port: number, folder: string, options: ServerOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** What it wrote to its log since it was first started. */
  log(): string {
    return this.#log;
  }

  /** Starts it; resolves when it greets. */
  async start(): Promise<void> {
    const file = join(this.#folder, `${this.port}.conf`);
    await writeFile(file, `listen: "127.0.0.1:${this.port}"\n${this.#options.config ?? ""}\n`);
    const child = spawn(this.#options.path ?? "nats-server", ["-c", file, ...(this.#options.args ?? [])], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    child.stderr?.on("data", (chunk) => {
      this.#log += chunk;
    });
    await until(`nats-server greets on port ${this.port}\n${this.#log}`, async () => {
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}\n${this.#log}`);
      return this.#options.config?.includes("handshake_first") === true
        ? accepts(this.port)
        : greeting(this.port);
    });
  }

  /** SIGKILL: it dies at once, as in a crash. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM: it ends in good order. */
  async stop(): Promise<void> {
    this.resume();
    await this.#end("SIGTERM");
  }

  /** The same server on the same port, again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** SIGSTOP: its sockets stay open, and nobody answers. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** SIGUSR2: lame duck mode. */
  lameDuck(): void {
    this.#child?.kill("SIGUSR2");
  }

  /** SIGHUP: reads its configuration again, which is this from now on. */
  async reload(config: string): Promise<void> {
    await writeFile(join(this.#folder, `${this.port}.conf`), `listen: "127.0.0.1:${this.port}"\n${config}\n`);
    this.#child?.kill("SIGHUP");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }
}

async function accepts(port: number): Promise<true | undefined> {
  const socket = dial(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

let folder: Promise<string> | undefined;

/** A folder for files of this process's servers. */
export function scratchFolder(): Promise<string> {
  folder ??= mkdtemp(join(tmpdir(), "nats-statechart-")).then((path) => {
    process.once("exit", () => void rm(path, { recursive: true, force: true }));
    return path;
  });
  return folder;
}

/** Starts a server; resolves when it greets. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const server = new TestServer(port, await scratchFolder(), options);
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

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** Starts a cluster; resolves when every node tells its clients of all of them. */
export async function startCluster(size: number, options: ServerOptions = {}): Promise<TestCluster> {
  const ports = await freePorts(2 * size);
  const routePorts = ports.slice(size);
  const routes = routePorts.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  const nodes = await Promise.all(
    ports.slice(0, size).map((port, index) => {
      const cluster = `cluster { name: "test", listen: "127.0.0.1:${routePorts[index]}", routes: [${routes}] }`;
      const name = `server_name: "n${index}"`;
      return startServer({ ...options, port, config: `${name}\n${cluster}\n${options.config ?? ""}` });
    }),
  );
  const knowsAll = async (port: number) => {
    const info = await greeting(port);
    return (info?.["connect_urls"] as string[] | undefined)?.length === size ? true : undefined;
  };
  await Promise.all(nodes.map(({ port }) => until("the cluster forms", () => knowsAll(port))));
  return new TestCluster(nodes);
}
