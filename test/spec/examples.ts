// The examples of the specification, to the letter but for what a module needs: each is a function, and takes what it
// imports there (connect, readFileSync) as its arguments, so that a test can point it at a server and at files.

import type { readFileSync as ReadFileSync } from "node:fs";
import { type connect as Connect, credsAuthenticator, Events, nkeyAuthenticator } from "../../src/index.js";

type Imports = { readonly connect: typeof Connect; readonly readFileSync: typeof ReadFileSync };

export async function simpleConnection({ connect }: Imports) {
  // Simple connection
  const nc = await connect();
  return nc;
}

export async function multipleServers({ connect }: Imports) {
  // Multiple servers with authentication
  const nc = await connect({
    servers: ["nats://server1:4222", "nats://server2:4222"],
    user: "myuser",
    pass: "mypass",
  });
  return nc;
}

export async function tokenAuthentication({ connect }: Imports) {
  // Token authentication
  const nc = await connect({
    servers: "nats://localhost:4222",
    token: "my-auth-token",
  });
  return nc;
}

export async function customTimeouts({ connect }: Imports) {
  // Custom timeout and reconnection settings
  const nc = await connect({
    servers: "nats://localhost:4222",
    timeout: 10000,
    reconnectTimeWait: 5000,
    maxReconnectAttempts: 20,
  });
  return nc;
}

export async function lifecycle({ connect }: Imports, console: Pick<Console, "log" | "error">) {
  const nc = await connect();
  // Monitor connection status
  (async () => {
    for await (const status of nc.status()) {
      switch (status.type) {
        case Events.Disconnect:
          console.log("Disconnected from server");
          break;
        case Events.Reconnect:
          console.log("Reconnected to server");
          break;
        case Events.Error:
          console.error("Connection error:", status.data);
          break;
      }
    }
  })();
  // Check connection health
  console.log(`RTT: ${await nc.rtt()}ms`);
  console.log(`Connected to: ${nc.getServer()}`);
  console.log("Stats:", nc.stats());
  return async () => {
    // Graceful shutdown
    await nc.drain();
    console.log("Connection drained and closed");
  };
}

export async function credentialsFile({ connect, readFileSync }: Imports) {
  // Credentials file authentication
  const creds = readFileSync("./user.creds");
  const nc = await connect({
    servers: "nats://localhost:4222",
    authenticator: credsAuthenticator(creds),
  });
  return nc;
}

export async function nkeyFile({ connect, readFileSync }: Imports) {
  // NKey authentication
  const nkey = readFileSync("./user.nk");
  const nc = await connect({
    servers: "nats://localhost:4222",
    authenticator: nkeyAuthenticator(nkey),
  });
  return nc;
}

export async function tlsWithClientCertificates({ connect, readFileSync }: Imports) {
  // TLS with client certificates
  const nc = await connect({
    servers: "tls://localhost:4222",
    tls: {
      cert: readFileSync("./client-cert.pem"),
      key: readFileSync("./client-key.pem"),
      ca: readFileSync("./ca.pem"),
    },
  });
  return nc;
}

export async function tlsWithCustomVerification({ connect }: Imports) {
  // TLS with custom verification
  const nc = await connect({
    servers: "tls://localhost:4222",
    tls: {
      rejectUnauthorized: false,
    },
  });
  return nc;
}
