import {
  type CallDefinitions,
  type ChannelRules,
  type ContractFrom,
  createGateway as createBareGateway,
  type Gateway,
  type GatewayOptions,
} from "@holdfast/gateway";
import { engines } from "./engines.js";

/**
 * Makes a gateway that knows every engine by its URL; otherwise `createGateway` of `@holdfast/gateway`.
 * Throws `TypeError` naming the option when the configuration is wrong.
 */
export function createGateway<
  // biome-ignore lint/complexity/noBannedTypes: {} is "no channels declared", the default of an absent option.
  const Channels extends ChannelRules = {},
  // biome-ignore lint/complexity/noBannedTypes: {} is "no calls declared", the default of an absent option.
  const Calls extends CallDefinitions = {},
>(options: GatewayOptions<Channels, Calls> = {}): Gateway<ContractFrom<Channels, Calls>> {
  return createBareGateway({ ...options, engines: { ...engines, ...options.engines } });
}
