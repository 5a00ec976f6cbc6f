// nats-jwt, or @nats-io/jwt: an operator, an account and a user, whose credentials the client connects with. Started with the
// argument `config` it makes them, and prints the configuration of the server.

import { readFile, writeFile } from "node:fs/promises";
import { outage, outlived, say, started, untilDone, url } from "./steps.mjs";

const isVersionTwo = process.env.NATS_PACKAGE === "nats";
const { encodeAccount, encodeOperator, encodeUser, fmtCreds, decode } = await import(
  isVersionTwo ? "nats-jwt" : "@nats-io/jwt"
);
const { createAccount, createOperator, createUser } = await import(
  isVersionTwo ? "nkeys.js" : "@nats-io/nkeys"
);

if (process.argv[2] === "config") {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()];
  const accountJwt = await encodeAccount(
    "team",
    account,
    {
      limits: {
        conn: -1,
        subs: -1,
        leaf: -1,
        data: -1,
        payload: -1,
        imports: -1,
        exports: -1,
        wildcards: true,
      },
    },
    { signer: operator },
  );
  const permissions = { pub: { allow: ["orders.>", "_INBOX.>"], deny: [] }, subs: -1, data: -1, payload: -1 };
  const userJwt = await encodeUser("worker", user, account, permissions, {});
  await writeFile("user.creds", fmtCreds(userJwt, user));
  const config = {
    operator: await encodeOperator("operator", operator),
    resolver: "MEMORY",
    resolver_preload: { [account.getPublicKey()]: accountJwt },
  };
  console.log(JSON.stringify(config));
  process.exit();
}

const { connect, credsAuthenticator } = await import(process.env.NATS_PACKAGE);
const creds = await readFile("user.creds");
const authenticator = credsAuthenticator(creds);
const nc = await connect({ servers: url, authenticator, maxReconnectAttempts: -1 });
const closed = nc.closed();
started();

const [jwt] = /ey[^\s]+/.exec(creds.toString());
say("user", decode(jwt).name);
nc.subscribe("orders.*", { callback: (_, msg) => void msg.respond(`${msg.subject}!`) });
const ask = async () =>
  new TextDecoder().decode((await nc.request("orders.new", "", { timeout: 1_000 })).data);
say("answer", await ask());
const refused = await connect({ servers: url, reconnect: false }).catch((error) => error);
say("refused", refused.name, refused.code ?? "");
nc.publish("secrets.one");
await nc.flush();
await outage();

say("answer", await untilDone(ask));
outlived();
await nc.drain();
say("closed", (await closed) ?? "well");
