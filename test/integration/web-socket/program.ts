// What websocket-runtime.test.ts runs as a process of its own, in a folder without packages: a client by WebSocket, which
// lives through an outage and then ends by itself. It tells what it sees, a line of JSON each.

import { connect, type NatsError } from "../../../src/index.js";

const [url = ""] = process.argv.slice(2);
const tell = (what: object) => console.log(JSON.stringify(what));

async function lives(): Promise<void> {
  const nc = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    onStatus: ({ type }) => {
      if (type !== "disconnect") return;
      for (let i = 100; i < 200; i++) nc.publish("row", `${i}`);
      tell({ lost: true });
    },
  });
  let next = 0;
  let wrong = 0;
  let poured = 0;
  nc.subscribe("row", { callback: (_error, msg) => void (Number(msg.string()) === next++ || wrong++) });
  nc.subscribe("pour", { callback: () => void poured++ });
  nc.subscribe("ask", { callback: (_error, msg) => void msg.respond(`${msg.string()}!`) });
  for (let i = 0; i < 100; i++) nc.publish("row", `${i}`);
  const answer = await nc.request("ask", "hello", { timeout: 10_000 });
  const payload = new Uint8Array(65_536);
  for (let i = 0; i < 200; i++) {
    nc.publish("pour", payload);
    await nc.ready();
  }
  await nc.flush();
  const back = (async () => {
    for await (const { type } of nc.status()) if (type === "reconnect") return;
  })();
  tell({ answer: answer.string(), next, wrong, poured });
  await back;
  await nc.flush();
  tell({ next, wrong });
  await nc.close();
}

lives().catch(({ code, message }: NatsError) => tell({ code, message }));
