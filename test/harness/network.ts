// A network of its own for a program: in it, addresses are slow, dead, or lose a packet, names have the addresses that the
// test says, and name servers are silent. The program and all that it starts run in name spaces of Linux, which are gone with
// it; nothing of this machine is changed, and nothing of it can be reached from there.
//
// It needs Linux with unshare (util-linux), perl and /dev/net/tun, which every Debian has; root, or name spaces for
// everybody. A machine that has not got them fails the tests. `ip` and `mount` are brought (scripts/busybox.mjs). What happens inside: network-inside.ts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { busyboxPath } from "../../scripts/busybox.mjs";
import { root } from "../../scripts/packed.mjs";
import { bundled } from "./bundle.js";
import { type Followed, followed } from "./followed.js";

/** How an address behaves. Whatever listens in the network is reached by each that is alive, on the same port. */
export type Behaviour =
  /** Packets take that many milliseconds there and back. */
  | number
  /** Nothing comes back. */
  | "dead"
  /** The first packet to it is lost. */
  | "losesFirst";

/** A network. */
export interface Network {
  /** Its addresses, 10.9.0.2 to 10.9.0.254 and fd09::2 to fd09::ffff. Default: none, all of these are dead. */
  readonly addresses?: Readonly<Record<string, Behaviour>>;
  /** The content of /etc/hosts. Default: empty. */
  readonly hosts?: string;
  /** The content of /etc/resolv.conf. Default: empty. */
  readonly resolvConf?: string;
}

/** How a program is run. */
export interface Run {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The Node that runs it. Default: this one. */
  readonly node?: string;
}

/** Gives a TUN device to the program that it becomes: nothing else that every Linux has can ask the kernel for one. */
const OPEN_TUN = `
  $^F = 255;
  open(my $tun, "+<", "/dev/net/tun") or die "/dev/net/tun: $!\\n";
  my $request = pack("Z16 S x22", "net0", 0x1001);
  ioctl($tun, 0x400454ca, $request) or die "no TUN device: $!\\n";
  $ENV{TUN} = fileno($tun);
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n";
`;

/** Programs, built from TypeScript, each in a network of its own. */
export class Networks {
  readonly #folder: string;
  readonly #built = new Map<string, Promise<string>>();
  readonly #running = new Set<Followed["child"]>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Networks> {
    // In the repository, so that packages are found.
    await mkdir(join(root, ".cache"), { recursive: true });
    return new Networks(await mkdtemp(join(root, ".cache", "networks-")));
  }

  /** Starts the program in that file, in that network. */
  async start(network: Network, file: string, { args = [], env = {}, node }: Run = {}): Promise<Followed> {
    const [inside, program, busybox] = await Promise.all([
      this.#program(join(root, "test/harness/network-inside.ts")),
      this.#program(file),
      busyboxPath(),
    ]);
    const becomesRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    // With the first process in it the name space of processes ends, and with that all the others.
    const spaces = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
    const child = spawn(
      "unshare",
      [
        ...[...becomesRoot, ...spaces, "perl", "-e", OPEN_TUN],
        ...[process.execPath, inside, JSON.stringify(network)],
        ...[node ?? process.execPath, program, ...args],
      ],
      {
        cwd: this.#folder,
        env: { PATH: process.env["PATH"], BUSYBOX: busybox, NO_COLOR: "1", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    return followed(child, this.#running);
  }

  /** Ends what still runs, and removes what was built. */
  async remove(): Promise<void> {
    const exits = [...this.#running].map((child) => once(child, "close"));
    for (const child of this.#running) child.kill("SIGKILL");
    await Promise.all(exits);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #program(file: string): Promise<string> {
    const building = this.#built.get(file) ?? bundled(file, this.#folder);
    this.#built.set(file, building);
    return building;
  }
}
