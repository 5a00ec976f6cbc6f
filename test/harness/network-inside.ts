// The first process of a network (network.ts): sets the network up, runs the program, and is the network.
//
// Every packet to an address of the network arrives here. It goes back with its two addresses exchanged: so whatever listens
// in the network is reached by every address, and answers from the one by which it was reached. An exchange does not change
// the checksums. Arguments: the network as JSON, and the command.

import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, read, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Behaviour, Network } from "./network.js";

const [given = "{}", command = "", ...args] = process.argv.slice(2);
const { addresses = {}, hosts = "", resolvConf = "" } = JSON.parse(given) as Network;
const tun = Number(process.env["TUN"]);

function run(line: string): void {
  execFileSync(process.env["BUSYBOX"] ?? "", line.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
}

function setUp(): void {
  run("ip link set lo up");
  run("ip link set net0 up");
  run("ip address add 10.9.0.1/24 dev net0");
  // The kernel looks for nobody else who has the address: such a device has no neighbours.
  run("ip address add fd09::1/64 dev net0");
  // In the folder of network.ts, which removes it.
  const folder = mkdtempSync(join(process.cwd(), "etc-"));
  // Files of the machine are covered in this name space only.
  const files = {
    hosts: `127.0.0.1 localhost\n${hosts}`,
    "resolv.conf": resolvConf,
    "nsswitch.conf": "hosts: files dns\n",
  };
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    writeFileSync(file, content);
    if (existsSync(`/etc/${name}`)) run(`mount -o bind ${file} /etc/${name}`);
  }
}

/** Where the addresses are in a packet, and how long each is. */
const layouts = { 4: { at: 12, length: 4 }, 6: { at: 8, length: 16 } } as const;

const behaviours = new Map<string, Behaviour>(
  Object.entries(addresses).map(([address, behaviour]) => [bytesOf(address), behaviour]),
);

/** The bytes of an address, in hexadecimal digits. */
function bytesOf(address: string): string {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number)).toString("hex");
  const [head = "", tail = ""] = address.split("::");
  const digits = (part: string) =>
    part === ""
      ? ""
      : part
          .split(":")
          .map((group) => group.padStart(4, "0"))
          .join("");
  return digits(head) + digits(tail).padStart(32 - digits(head).length, "0");
}

function forward(packet: Buffer): void {
  const layout = layouts[((packet[0] ?? 0) >> 4) as 4 | 6];
  if (layout === undefined) return;
  const { at, length } = layout;
  const from = packet.subarray(at, at + length);
  const to = packet.subarray(at + length, at + 2 * length);
  const address = to.toString("hex");
  const behaviour = behaviours.get(address) ?? "dead";
  if (behaviour === "losesFirst") behaviours.set(address, 0);
  if (typeof behaviour !== "number") return;
  const back = Buffer.concat([packet.subarray(0, at), to, from, packet.subarray(at + 2 * length)]);
  const write = () => void writeSync(tun, back);
  if (behaviour === 0) write();
  else setTimeout(write, behaviour / 2);
}

let exitCode: number | undefined;

/** Ends with the next packet, and sees to it that there is one: a process that waits for a packet cannot end. */
function exit(code: number): void {
  exitCode = code;
  createSocket("udp4").send("the end", 9, "10.9.0.254");
}

function receive(): void {
  const buffer = Buffer.allocUnsafe(65_536);
  read(tun, buffer, 0, buffer.length, null, (error, bytes) => {
    if (error !== null) throw error;
    if (exitCode !== undefined) process.exit(exitCode);
    forward(buffer.subarray(0, bytes));
    receive();
  });
}

setUp();
receive();
const { TUN: _, ...env } = process.env;
const child = spawn(command, args, { env, stdio: "inherit" });
child.once("error", (error) => {
  console.error(error.message);
  exit(1);
});
child.once("exit", (code) => exit(code ?? 1));
