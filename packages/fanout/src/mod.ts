export { createFanout, type Fanout } from "./fanout.js";
export { loadNative, type NativeLookup, nativePath, type SendEach } from "./native.js";
export { SharedBytes } from "./shared-bytes.js";
export { type Drained, Target } from "./target.js";
