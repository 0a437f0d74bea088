export { Allowance } from "./allowance.js";
export { BoundedQueue } from "./bounded-queue.js";
export type { Clock, Timer } from "./clock.js";
export { fullJitter } from "./full-jitter.js";
export { type LogFields, type Logger, silentLogger } from "./logger.js";
export {
  type Counter,
  type Gauge,
  type Histogram,
  type Meter,
  type MetricDeclaration,
  silentMeter,
} from "./meter.js";
export {
  boolean,
  defaultsOf,
  integer,
  number,
  type OptionDeclaration,
  type OptionKind,
  type OptionTable,
  type OptionValues,
  string,
  strings,
} from "./option.js";
export type { Random } from "./random.js";
export { RingBuffer } from "./ring-buffer.js";
export { Deadline, TimerWheel, type TimerWheelOptions } from "./timer-wheel.js";
export { TokenBucket, type TokenBucketOptions } from "./token-bucket.js";
