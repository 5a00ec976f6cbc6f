// Does a name server answer? Asked before the system looks a name up (names.ts), by a question that can be cancelled. Any
// answer will do, also that the name is unknown.
//
// Only where the system asks name servers and nobody else: on Linux, with `hosts: files dns` in /etc/nsswitch.conf, for a
// name that is not in /etc/hosts. The question is the one that the system would ask first: a name server that forwards
// others may answer those for a cluster at once, and those for the world not at all.

import type { Milliseconds } from "../../machine/units.js";
import { NameServerFailure } from "../failures.js";
import { loadFiles } from "./late-parts.js";
import type { Cancel, Timers } from "./race.js";
import { isNode } from "./runtime.js";

/** What of node:dns is used. */
export type NodeDns = Pick<typeof import("node:dns"), "lookup" | "Resolver">;

/** Deno and Bun look names up in ways of their own. */
const isNodeOnLinux = isNode && process.platform === "linux";

/** What the line `hosts:` may name: none of them asks anybody else over the network. */
const LOCAL_OR_DNS = new Set(["files", "dns", "myhostname", "mymachines"]);

/** The codes by which c-ares says that no server answered. All others are answers, or faults of the question. */
const SILENT = new Set(["ETIMEOUT", "ECONNREFUSED"]);

/** How often it is asked again, each time after twice the time: packets get lost. */
const TRIES = 4;

/**
 * What to ask a name server before the system looks that name up; null where the system may not need one.
 * @throws Error (as a rejection) where there is no file descriptor to read with: of that nobody could say what the name is
 */
export async function questionFor(host: string): Promise<string | null> {
  if (!isNodeOnLinux || /(^|\.)localhost\.?$/i.test(host)) return null;
  const [nsswitch, hosts, resolvConf] = await Promise.all([
    textOf("/etc/nsswitch.conf"),
    textOf("/etc/hosts"),
    textOf("/etc/resolv.conf"),
  ]);
  // Node's permission model keeps the files from the program, and not from the system: the name may be in one of them.
  if (nsswitch === null || hosts === null || resolvConf === null) return null;
  if (!asksNameServersOnly(nsswitch) || isInHosts(hosts, host)) return null;
  return firstQuestion(host, resolvConf);
}

/**
 * The lines of a file without its comments; none where it cannot be read: the system then has its defaults, too. Null where the system
 * can read it, and this program may not.
 */
async function textOf(path: string): Promise<string | null> {
  const { readFile } = await loadFiles();
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EMFILE" || error.code === "ENFILE") throw error;
    return error.code === "ERR_ACCESS_DENIED" ? null : "";
  });
  return text === null ? null : text.replace(/[#;].*$/gm, "");
}

/** Whether a name that is in no file goes to name servers, and to nobody else. */
export function asksNameServersOnly(nsswitch: string): boolean {
  const hosts = /^[ \t]*hosts:(.*)$/m.exec(nsswitch)?.[1];
  if (hosts === undefined) return true;
  // [NOTFOUND=return] says what is done with an answer.
  const services = hosts
    .replace(/\[[^\]]*\]/g, " ")
    .trim()
    .split(/\s+/);
  return services.includes("dns") && services.every((service) => LOCAL_OR_DNS.has(service));
}

/** Whether the file names that host. */
export function isInHosts(hosts: string, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return hosts
    .toLowerCase()
    .split("\n")
    .some((line) => line.trim().split(/\s+/).slice(1).includes(name));
}

/** The name that the system asks for first: with few dots in it, it is a name within the first search domain. */
export function firstQuestion(host: string, resolvConf: string): string {
  const last = (keyword: RegExp) => [...resolvConf.matchAll(keyword)].at(-1)?.[1];
  const dotsEnough = Number(last(/^options\s.*?\bndots:(\d+)/gm) ?? 1);
  const domain = last(/^(?:search|domain)[ \t]+(\S+)/gm)?.replace(/\.$/, "");
  const dots = host.split(".").length - 1;
  if (host.endsWith(".") || dots >= dotsEnough || domain === undefined || domain === "") return host;
  return `${host}.${domain}`;
}

/**
 * Asks the name servers of the system. One of the events is told, once.
 * @param patience how long they have to answer
 * @returns cancels it
 */
export function hearNameServer(
  { Resolver }: NodeDns,
  question: string,
  timers: Timers,
  patience: Milliseconds,
  events: { answers(): void; failed(error: Error): void },
): Cancel {
  const resolver = new Resolver({ timeout: Math.ceil(patience / 5), tries: TRIES });
  // c-ares puts those that failed last.
  const servers = resolver.getServers();
  let isOver = false;
  const end = () => {
    isOver = true;
    timers.stopTimer(timer);
    resolver.cancel();
  };
  const failed = (cause?: Error) => {
    if (isOver) return;
    end();
    events.failed(new NameServerFailure(servers, cause));
  };
  const timer = timers.startTimer(patience, failed);
  resolver.resolve4(question, (error) => {
    if (isOver) return;
    if (SILENT.has(error?.code ?? "")) return failed(error ?? undefined);
    end();
    events.answers();
  });
  return end;
}
