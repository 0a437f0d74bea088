// What a sibling needs to make clients of its own on Node, with every socket in its hands.
export { openWs } from "./platform/node.js";
export { systemClock, systemRandom } from "./platform/system.js";
