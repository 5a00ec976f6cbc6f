// Where a contender plays: the server, the flooder, and a worker process for each turn.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Built, bundleSize } from "./build.js";
import { bytes, duration } from "./report.js";
import { type Server, startServer } from "./server.js";
import { figure, type Row } from "./statistics.js";
import type { Scenario } from "./suite.js";
import { type ContenderName, contenderNames, type Sample, type Task } from "./task.js";

/** How workers are run. */
export interface StageOptions {
  /** Milliseconds after which a worker has failed. */
  readonly timeLimit: number;
  /** Folder for CPU profiles of the workers. */
  readonly profiles: string | undefined;
}

/** One server and one flooder for all workers. */
export class Stage {
  readonly #root: string;
  readonly #built: Built;
  readonly #server: Server;
  readonly #flooder: ChildProcess;
  readonly #options: StageOptions;
  #worker: ChildProcess | undefined;

  private constructor(
    root: string,
    built: Built,
    server: Server,
    flooder: ChildProcess,
    options: StageOptions,
  ) {
    this.#root = root;
    this.#built = built;
    this.#server = server;
    this.#flooder = flooder;
    this.#options = options;
  }

  /** Starts both. */
  static async set(root: string, built: Built, options: StageOptions): Promise<Stage> {
    const server = await startServer();
    const flooder = spawn(process.execPath, [join(built.folder, "flooder.js"), `${server.port}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stage = new Stage(root, built, server, flooder, options);
    const [first] = await Promise.race([
      once(flooder.stdout as NodeJS.ReadableStream, "data"),
      once(flooder, "exit"),
    ]);
    if (Buffer.isBuffer(first)) return stage;
    await stage.strike();
    throw new Error("the flooder did not start");
  }

  get serverVersion(): string {
    return this.#server.version;
  }

  /** Ends both, and with them any worker that still plays. */
  async strike(): Promise<void> {
    this.#worker?.kill("SIGKILL");
    this.#flooder.kill();
    await this.#server.stop();
  }

  /** One turn of one contender. @throws Error with what its worker said, where it failed */
  async play(contender: ContenderName, scenario: Scenario): Promise<Sample> {
    if (scenario.case === "bundle") {
      return {
        operations: 1,
        cpuMicros: 0,
        wallMicros: 0,
        sizeBytes: await bundleSize(this.#root, contender),
      };
    }
    const servers = scenario.killsServer ? [await startServer(), await startServer()] : [];
    const [server = this.#server] = servers;
    const ports = servers.length === 0 ? [server.port] : servers.map(({ port }) => port);
    try {
      return await this.#work(contender, scenario, { ...taskOf(scenario), ports, serverPid: server.pid });
    } finally {
      await Promise.all(servers.map((one) => one.stop()));
    }
  }

  async #work(contender: ContenderName, scenario: Scenario, task: Task): Promise<Sample> {
    const { folder, c } = this.#built;
    const { profiles } = this.#options;
    if (contender === "c") {
      if ("missing" in c) throw new Error(c.missing);
      return await this.#run(c.path, argumentsOf(task));
    }
    const flags = [
      ...(scenario.looksAtMemory ? ["--expose-gc"] : []),
      ...(profiles === undefined
        ? []
        : ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${nameOf(scenario, contender)}`]),
    ];
    const worker = [...flags, join(folder, "contender.js"), contender, JSON.stringify(task)];
    return await this.#run(process.execPath, worker);
  }

  /** Runs a worker and reads what it prints. */
  async #run(command: string, args: readonly string[]): Promise<Sample> {
    const worker = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#worker = worker;
    let output = "";
    let errors = "";
    worker.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    worker.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const timer = setTimeout(() => worker.kill("SIGKILL"), this.#options.timeLimit);
    const [code, signal] = (await once(worker, "close")) as [number | null, string | null];
    clearTimeout(timer);
    if (code === 0 && output !== "") return JSON.parse(output) as Sample;
    const why = signal === null ? `exit code ${code}` : `ended by ${signal}`;
    throw new Error(`${why}${output === "" ? "" : " after it had measured"}\n${errors.slice(0, 2_000)}`);
  }
}

const nameOf = ({ id }: Scenario, contender: ContenderName) =>
  `${id.replaceAll("/", "-")}-${contender}-${Date.now()}.cpuprofile`;

function taskOf(scenario: Scenario): Omit<Task, "ports" | "serverPid"> {
  const { case: name, size, headers, count, warmup, operations, burst } = scenario;
  return { case: name, size, headers, count, warmup, operations, burst };
}

/** The task as the C program reads it. */
function argumentsOf({ headers, ports, serverPid, ...task }: Task): readonly string[] {
  const given = { ...task, headers: headers ? 1 : 0, ports: ports.join(","), pid: serverPid };
  return Object.entries(given).map(([name, value]) => `${name}=${value}`);
}

/** A row on one line: what each contender took, and how that compares to ours. */
export function progress(row: Row): string {
  const { metric, title } = row;
  const ours = figure(row, "ours", metric);
  const shares = contenderNames.flatMap((name) => {
    const known = figure(row, name, metric);
    if (known === undefined) return [];
    const value = metric === "cpu" || metric === "wall" ? duration(known.median) : bytes(known.median);
    return [
      `${name} ${value}${name === "ours" || ours === undefined ? "" : ` (${(known.median / ours.median).toFixed(2)}x)`}`,
    ];
  });
  return `${title}: ${shares.join(", ")}`;
}
