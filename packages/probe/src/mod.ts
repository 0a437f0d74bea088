export { benchLimits, type Scenario, scenarios } from "./bench/settings.js";
export { type Bounds, contractBounds } from "./checker/bounds.js";
export {
  checkHistory,
  explain,
  type HistoryCounts,
  invariants,
  type Verdict,
} from "./checker/check-history.js";
export type {
  EventOf,
  HistoryEvent,
  HistoryFact,
  HistoryKind,
  OperationOutcome,
  Stamp,
} from "./checker/history.js";
export {
  type Invariant,
  type InvariantName,
  maxViolationsPerInvariant,
  type Violation,
} from "./checker/invariant.js";
export {
  type DecodedHistory,
  decodeHistory,
  encodeEvent,
  encodeHistory,
} from "./checker/json-lines.js";
export { createRecorder, type Recorder } from "./checker/recorder.js";
export { stateDigest } from "./checker/state-digest.js";
export {
  makeReport,
  type PublishCounts,
  type VerifyReport,
  verdictLines,
} from "./verify/report.js";
export {
  runVerify,
  type VerifyOutcome,
  type VerifyProgress,
  type VerifyRun,
} from "./verify/run.js";
export {
  type FaultInjector,
  type VerifyPlatform,
  type VerifySettings,
  verifyLimits,
} from "./verify/settings.js";
export type { ReadState, StateReader } from "./verify/states.js";
export type { TokenAuthority } from "./verify/withdrawals.js";
