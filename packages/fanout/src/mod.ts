export { createFanout, type Fanout } from "./fanout.js";
export { loadNative, type NativeLookup, nativePath, type SendToAll } from "./native.js";
export { Target } from "./target.js";
