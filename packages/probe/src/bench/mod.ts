export type { Times } from "./latency.js";
export { type BenchReport, isComplete, type RampStep } from "./report.js";
export { type BenchOutcome, type BenchProgress, type BenchRun, runBench } from "./run.js";
export { type ServerSample, type ServerWatch, sampleOf, silentServer } from "./server-watch.js";
export {
  type BenchPlatform,
  type BenchSettings,
  benchLimits,
  type Scenario,
  type Share,
  scenarios,
} from "./settings.js";
export { benchLines } from "./table.js";
export { type Answer, type BenchWorker, type Command, ShareWorker } from "./worker.js";
