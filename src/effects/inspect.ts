// What an observer of the chart is told: the shapes of XState's inspection API, as far as an observer may rely on them. They are
// written here and not imported: whoever only uses the client need not have the types of XState checked with their program.

/** An actor that is told of: the chart, or what it speaks with (server, timers, user, messages). */
export interface InspectedActor {
  /** Unique in the process. */
  readonly sessionId: string;
  /** Does nothing for what the chart speaks with. */
  // biome-ignore lint/suspicious/noExplicitAny: so it is in XState, where the event depends on the actor
  send(event: any): void;
  /** The state of the actor, now. */
  // biome-ignore lint/suspicious/noExplicitAny: so it is in XState, where the snapshot depends on the actor
  getSnapshot(): any;
}

/** An event that an actor was sent: its type, and what else it carries. */
export interface InspectedEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: so it is in XState, where what there is depends on the type
  readonly [name: string]: any;
}

/** The state of an actor. That of the chart has more: `value`, the name of the state, and `context`, what it remembers. */
export type InspectedSnapshot =
  | { status: "active" | "stopped"; output: undefined; error: undefined }
  | { status: "done"; output: unknown; error: undefined }
  | { status: "error"; output: undefined; error: unknown };

/** What every inspection event has. */
interface Inspected {
  /** Session of the actor in which it happened: the chart. */
  readonly rootId: string;
  /** The actor that it is about. */
  readonly actorRef: InspectedActor;
}

/** An actor appears. */
export interface InspectedActorEvent extends Inspected {
  readonly type: "@xstate.actor";
}

/** An actor is sent an event. */
export interface InspectedEventEvent extends Inspected {
  readonly type: "@xstate.event";
  /** Who sends it. */
  readonly sourceRef: InspectedActor | undefined;
  readonly event: InspectedEvent;
}

/** An actor has handled an event. */
export interface InspectedSnapshotEvent extends Inspected {
  readonly type: "@xstate.snapshot";
  readonly event: InspectedEvent;
  /** Its state after that. */
  readonly snapshot: InspectedSnapshot;
}

/** The chart moves. */
export interface InspectedTransitionEvent extends Inspected {
  readonly type: "@xstate.transition";
  readonly event: InspectedEvent;
  /** Its state after that. */
  readonly snapshot: InspectedSnapshot;
}

/** The chart takes a step: one of several, if an event leads to more than one. */
export interface InspectedMicrostepEvent extends Inspected {
  readonly type: "@xstate.microstep";
  readonly event: InspectedEvent;
  /** Its state after that. */
  readonly snapshot: InspectedSnapshot;
  /** The transitions of the chart that it took, as XState has them. */
  // biome-ignore lint/suspicious/noExplicitAny: XState's own type of them is no part of its API
  readonly _transitions: any[];
}

/** The chart asks for an effect. */
export interface InspectedActionEvent extends Inspected {
  readonly type: "@xstate.action";
  readonly action: { readonly type: string; readonly params: unknown };
}

/** What an observer is told. Source: `InspectionEvent` of XState. */
export type InspectionEvent =
  | InspectedActorEvent
  | InspectedEventEvent
  | InspectedSnapshotEvent
  | InspectedTransitionEvent
  | InspectedMicrostepEvent
  | InspectedActionEvent;

/** As a method: what XState's own types of an observer take is one of these, or more. */
interface Observer {
  next?(event: InspectionEvent): void;
}

/** An observer of everything that happens inside the chart: a function, or an observer of XState's inspection API. */
export type Inspect = NonNullable<Observer["next"]> | Observer;
