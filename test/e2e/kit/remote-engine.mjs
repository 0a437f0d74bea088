// Preloaded into `holdfast serve`: an engine in a process of its own that several gateways share,
// by the URL scheme `remote:<port>`. The product has Redis and NATS for that.
import { connectRemoteBroker } from "../../../packages/broker/dist/testing/mod.js";
import { engines } from "../../../packages/holdfast/dist/engines.js";

Object.assign(engines, {
  remote: (/** @type {string} */ url) => connectRemoteBroker(Number(url.slice("remote:".length))),
});
