// `nats-statechart/testing`: for tests of services that use NATS. Nothing of it is loaded by the client itself. The
// guide is docs/testing.md.
//
// Three things: a simulated world for your own tests (`Simulation`, with `disturbances` for fast-check), a server on a real
// port where no nats-server is installed (`startEmbeddedServer`), and the client's own torture test (`simulate`).

export type { Subjects, User } from "../effects/simulated/authorization.js";
export type { Disturbance, Fault } from "../effects/simulated/fault.js";
export type { Handshake } from "../effects/simulated/handshakes.js";
export type { Misleading } from "../effects/simulated/misleading.js";
export type { Route } from "../effects/simulated/route.js";
export type { ModelServerOptions } from "../effects/simulated/server-options.js";
export type { ClusterOptions, VirtualCluster, VirtualNode } from "../effects/simulated/virtual-cluster.js";
export type { Direction, VirtualConnection } from "../effects/simulated/virtual-connection.js";
export { type DisturbanceOptions, disturbances, plans } from "./arbitraries.js";
export { policies } from "./chart/drawing.js";
export { type RecordingOptions, recordings } from "./chart/recordings.js";
export type { PlanSize } from "./draw-plan.js";
export {
  type EmbeddedServer,
  type EmbeddedServerOptions,
  startEmbeddedServer,
} from "./embedded-server.js";
export type { Act, ClientPlan, CredentialsPlan, Plan, PlanEntry, ServerListPlan, SitePlan } from "./plan.js";
export { shrinkPlan } from "./shrink.js";
export { type SimulateOptions, SimulationFailure, type SimulationReport, simulate } from "./simulate.js";
export { Simulation, type SimulationOptions } from "./simulation.js";
export type { SimulationEvent } from "./stage.js";
