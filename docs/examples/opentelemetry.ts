// OpenTelemetry spans of a connection's life, made from what its chart tells an observer: a span for each time in which it
// is not simply connected (connecting, reconnecting, migrating, draining, closing), and in it one for each step (dialing, greeting,
// securing, authenticating, ...). `connected` has none: a span is exported when it ends, and that may take months.
//
// npm install nats-statechart @opentelemetry/api @opentelemetry/sdk-trace-node

import { context, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { connect, type Inspect } from "nats-statechart";

/** An observer for `connect({ inspect })` that makes spans of the chart's states. No secret and no message is in them. */
function spans(tracer: Tracer): Inspect {
  let before = { name: "", step: "" };
  let stateSpan: Span | undefined;
  let stepSpan: Span | undefined;

  return (event) => {
    // What arrives at the chart is told before the state that follows: it belongs to the step that it ends.
    if (event.type === "@xstate.event" && event.actorRef.sessionId === event.rootId) {
      const { type, failure } = event.event as Told;
      const span = stepSpan ?? stateSpan;
      span?.addEvent(type, failure ? { "error.type": failure.code } : {});
      if (failure) span?.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    }
    if (event.type !== "@xstate.snapshot" || !("value" in event.snapshot)) return;

    const { value, context: memory } = event.snapshot as unknown as Snapshot;
    const [name = "", inner = ""] = typeof value === "string" ? [value] : (Object.entries(value)[0] ?? []);
    // Another attempt may begin with the step that the one before ended in.
    const step = inner === "" ? "" : `${inner} ${memory.attempt}`;
    if (name === before.name && step === before.step) return;

    stepSpan?.end();
    stepSpan = undefined;
    if (name !== before.name) {
      stateSpan?.end();
      const isQuiet = name === "connected" || name === "closed";
      stateSpan = isQuiet ? undefined : tracer.startSpan(`nats ${name}`);
    }
    if (stateSpan !== undefined && inner !== "") {
      // The server that is being dialed, else the one in use; between two attempts there is neither.
      const link = memory.next ?? memory.live;
      const attributes = link === null ? {} : { "server.address": link.destination.name };
      const parent = trace.setSpan(context.active(), stateSpan);
      stepSpan = tracer.startSpan(`nats ${inner}`, { attributes }, parent);
    }
    before = { name, step };
  };
}

/** What is read of an event of the chart. */
interface Told {
  type: string;
  failure?: { code: string; message: string } | null;
}

/** What is read of a snapshot of the chart: `"connected"` or `{ reconnecting: "dialing" }`, and what it remembers. */
interface Snapshot {
  value: string | Record<string, string>;
  context: { next: Link | null; live: Link | null; attempt: number };
}

/** What is read of a link: a socket, from its dial to its end. */
interface Link {
  destination: { name: string };
}

const provider = new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())],
});
provider.register();

const nc = await connect({
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  inspect: spans(trace.getTracer("nats-statechart")),
});
console.log("connected");

process.once("SIGTERM", () => {
  nc.drain().catch(() => {});
});
await nc.closed();
await provider.shutdown();
