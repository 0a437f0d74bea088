export { type LogLine, type RecordingLogger, recordingLogger } from "./recording-logger.js";
export { type RecordingMeter, recordingMeter } from "./recording-meter.js";
export { SeededRandom } from "./seeded-random.js";
export { VirtualClock } from "./virtual-clock.js";
