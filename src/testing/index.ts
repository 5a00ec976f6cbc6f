// `nats-statechart/testing`: a simulated world with model servers, the torture test that runs in it, and a model server
// on a real port. For tests; nothing of it is loaded by the client itself.

export {
  EmbeddedServer,
  type EmbeddedServerOptions,
  startEmbeddedServer,
} from "../effects/node/embedded-server.js";
export type { ConnectRequest, Subjects, User } from "../effects/simulated/authorization.js";
export { type Fault, Faults } from "../effects/simulated/faults.js";
export type { Handshake } from "../effects/simulated/handshakes.js";
export type { Link } from "../effects/simulated/link.js";
export type { ModelConnection } from "../effects/simulated/model-connection.js";
export type { ModelServer, ModelServerOptions } from "../effects/simulated/model-server.js";
export type { ClusterOptions, VirtualCluster, VirtualNode } from "../effects/simulated/virtual-cluster.js";
export type { Direction, VirtualConnection } from "../effects/simulated/virtual-connection.js";
export { SimulatedWorld, type WorldObserver } from "../effects/simulated/world.js";
export { plans } from "./arbitraries.js";
export { drawPlan, type PlanSize } from "./draw-plan.js";
export type { Act, ClientPlan, CredentialsPlan, Plan, Step } from "./plan.js";
export { shrinkPlan } from "./shrink.js";
export {
  lineOf,
  type SimulateOptions,
  SimulationFailure,
  type SimulationReport,
  simulate,
} from "./simulate.js";
export { Simulation, type SimulationOptions } from "./simulation.js";
export type { SimulationEvent } from "./stage.js";
