export { Child } from "./child.js";
export { FaultDirector, type FaultDirectorOptions, type FaultKind } from "./fault-director.js";
export { Fleet, type GatewayState } from "./fleet.js";
export { LinkProxy, type LinkProxyOptions, type ProxyLink } from "./link-proxy.js";
export { nodePlatform } from "./platform.js";
