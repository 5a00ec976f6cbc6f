// Sockets: at most one, and nothing is done to one that is not there.

import type { Rule } from "./rule.js";
import { socketBroke } from "./rule.js";

export const oneSocket: Rule = {
  sentence: "at most one socket is open or being opened, and every socket is closed before the next, and at the end",
  watch: () => {
    let open: number | null = null;
    let last = 0;
    return (scene) => {
      if (socketBroke(scene)) open = null;
      for (const effect of scene.effects) {
        if (effect.type === "openSocket") {
          const { attempt } = effect.params;
          if (open !== null) return `socket ${attempt} is opened while socket ${open} is open`;
          if (attempt !== last + 1) return `attempt ${attempt} follows attempt ${last}`;
          open = attempt;
          last = attempt;
        } else if (effect.type === "closeSocket") {
          if (effect.params.attempt !== open) return `socket ${effect.params.attempt} is closed, but ${open} is open`;
          open = null;
        }
      }
      if (scene.to === "closed" && open !== null) return `socket ${open} is still open`;
      return scene.after.context.socket === open ? undefined : `the chart believes in another socket than ${open}`;
    };
  },
};

export const sendsOverOpenSocket: Rule = {
  sentence: "a socket is written to only while it is open, and not in the middle of a TLS handshake",
  watch: () => {
    let attempt = 0;
    let phase: "none" | "opening" | "open" | "securing" = "none";
    let secured = false;
    return (scene) => {
      if (socketBroke(scene)) phase = "none";
      if (scene.possible && scene.event?.type === "socket.opened") phase = "open";
      if (scene.possible && scene.event?.type === "socket.secured") phase = "open";
      for (const effect of scene.effects) {
        switch (effect.type) {
          case "openSocket":
            ({ attempt } = effect.params);
            phase = "opening";
            secured = false;
            break;
          case "closeSocket":
            phase = "none";
            break;
          case "upgradeToTls":
            if (secured) return "a second TLS handshake over one socket";
            if (phase !== "open") return `upgradeToTls while the socket is ${phase}`;
            phase = "securing";
            secured = true;
            break;
          case "sendConnect":
          case "sendPing":
          case "sendPong":
          case "resubscribe":
          case "releaseOutbound":
          case "drainSubscriptions":
          case "flushOutbound":
            if (phase !== "open") return `${effect.type} while the socket is ${phase}`;
            if (effect.params.attempt !== attempt) return `${effect.type} for another attempt than ${attempt}`;
            break;
          default:
            break;
        }
      }
      return undefined;
    };
  },
};

export const credentialsUnderTls: Rule = {
  sentence: "credentials go out once for each socket, after INFO, and under TLS where anyone demands or offers it",
  watch: (policy) => {
    let wantsTls = policy.tls === "first" || policy.tls === "required";
    let greeted = false;
    let secured = false;
    let sent = false;
    return (scene) => {
      const { event, possible } = scene;
      if (possible && event?.type === "socket.secured") secured = true;
      if (possible && event?.type === "server.info" && !sent) {
        greeted = true;
        // `tls: null` and tls:// together: see test/machine/findings.test.ts.
        if (policy.tls !== "never" && (event.info.tlsAvailable || event.info.tlsRequired)) wantsTls = true;
        if (event.info.tlsRequired) wantsTls = true;
      }
      for (const effect of scene.effects) {
        if (effect.type === "openSocket") {
          const server = scene.after.context.pool.find(({ name }) => name === effect.params.server.name);
          wantsTls = policy.tls === "first" || policy.tls === "required" || (server?.tls === true && policy.tls !== "never");
          greeted = false;
          secured = false;
          sent = false;
        }
        if (effect.type !== "sendConnect") continue;
        if (sent) return "CONNECT is sent twice";
        if (!greeted) return "CONNECT is sent before INFO";
        if (wantsTls && !secured) return "the credentials are sent in the clear";
        sent = true;
      }
      return undefined;
    };
  },
};

export const answersPings: Rule = {
  sentence: "a PING of the server is answered by one PONG once CONNECT was sent, and nothing else is",
  watch: () => (scene) => {
    const pongs = scene.effects.filter(({ type }) => type === "sendPong").length;
    const talking = /authenticating$|^connected$|^draining/.test(scene.from);
    const due = talking && scene.possible && scene.event?.type === "server.ping" ? 1 : 0;
    return pongs === due ? undefined : `${pongs} PONGs instead of ${due}`;
  },
};

export const pingsAreBounded: Rule = {
  sentence: "a PING is sent when the ping timer fires, and with maxPingOut of them unanswered the connection is left",
  watch: (policy) => {
    let out = 0;
    return (scene) => {
      const { event, possible, from, to } = scene;
      if (from !== "connected") out = 0;
      if (possible && event?.type === "server.pong") out = 0;
      const due = from === "connected" && possible && event?.type === "timer.fired";
      const sent = scene.effects.filter(({ type }) => type === "sendPing").length;
      if (due && out >= policy.maxPingOut) return sent > 0 || to === "connected" ? "a stale connection goes on" : undefined;
      if (sent !== (due ? 1 : 0)) return `${sent} PINGs are sent`;
      out += sent;
      return undefined;
    };
  },
};
