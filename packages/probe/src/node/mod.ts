export { benchPlatform } from "./bench-platform.js";
export { BenchProcess } from "./bench-process.js";
export { Child } from "./child.js";
export { ExpositionWatch } from "./exposition-watch.js";
export {
  type EngineFault,
  FaultDirector,
  type FaultDirectorOptions,
  type FaultKind,
  type FaultTarget,
  faultTargets,
  type HarmedEngine,
} from "./fault-director.js";
export { Fleet, type GatewayState } from "./fleet.js";
export { LinkProxy, type LinkProxyOptions, type ProxyLink } from "./link-proxy.js";
export { nodePlatform } from "./platform.js";
