// A page that chats: it tells the state of the connection's chart, and what is written while the server is away is sent
// once it is back. Its elements are in browser-page.html, beside this file.
//
// npm install nats-statechart esbuild
// npx esbuild browser-page.ts --bundle --format=esm --outdir=. --servedir=. --serve=127.0.0.1:8000
//
// Then open http://127.0.0.1:8000/browser-page.html. The server needs a websocket listener on port 8080, or say where it is:
// browser-page.html?server=ws://127.0.0.1:9222

/// <reference lib="dom" />

import { connect, type Inspect } from "nats-statechart";

interface Line {
  readonly id: string;
  readonly text: string;
}

const query = new URLSearchParams(location.search);
const state = document.querySelector("output") as HTMLOutputElement;
const form = document.querySelector("form") as HTMLFormElement;
const input = document.querySelector("input") as HTMLInputElement;
const list = document.querySelector("ol") as HTMLOListElement;

/** Lines of this page that have not come back yet. */
const underWay = new Map<string, HTMLLIElement>();

/** Shows in which state the chart is: "connected", or "reconnecting, backingOff". */
const inspect: Inspect = (event) => {
  if (event.type !== "@xstate.snapshot" || !("value" in event.snapshot)) return;
  const value: unknown = event.snapshot.value;
  const parts = typeof value === "string" ? [value] : Object.entries(value as object).flat();
  state.textContent = parts.join(", ");
};

const nc = await connect({
  servers: query.get("server") ?? "ws://127.0.0.1:8080",
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
  inspect,
});

nc.subscribe("chat", {
  callback: (_error, msg) => {
    const { id, text } = msg.json<Line>();
    const item = underWay.get(id) ?? addItem(text);
    item.classList.remove("under-way");
    underWay.delete(id);
  },
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.value === "") return;
  const line: Line = { id: crypto.randomUUID(), text: input.value };
  const item = addItem(line.text);
  item.classList.add("under-way");
  underWay.set(line.id, item);
  nc.publish("chat", JSON.stringify(line));
  form.reset();
});
// Whoever writes shall see what others answer: the server knows the subscription first.
await nc.flush();
form.hidden = false;
input.focus();

/** As text, never as HTML: others wrote it. */
function addItem(text: string): HTMLLIElement {
  const item = list.appendChild(document.createElement("li"));
  item.textContent = text;
  item.scrollIntoView({ block: "nearest" });
  return item;
}
