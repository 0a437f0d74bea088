export { type Bench, type BrokerCheck, Heard, publishRequest } from "./bench.js";
export { brokerChecks, runBrokerCheck } from "./checks.js";
export { type BrokerSubject, describeBroker, type TestRunner } from "./describe-broker.js";
export {
  type Backup,
  createFaultyMemoryBroker,
  type FaultyMemoryBroker,
  type FaultyMemoryOptions,
} from "./faulty/broker.js";
export type { OperationDecision, OperationFate, OperationName } from "./faulty/link.js";
export type { RelayDecision, RelayFate } from "./faulty/relay.js";
export type { Ability, BrokerFaults, BrokerHarness } from "./harness.js";
export { connectRemoteBroker, type RemoteBroker } from "./remote/broker.js";
export type { RemoteLink } from "./remote/link.js";
export { type RemoteBrokerServer, serveRemoteBroker } from "./remote/server.js";
export { BreakableProxy } from "./servers/breakable-proxy.js";
export { DrivenClock } from "./servers/driven-clock.js";
export { openScene, type Scene } from "./servers/scene.js";
export { type HarnessedLink, ServerHarness, serverAbilities } from "./servers/server-harness.js";
