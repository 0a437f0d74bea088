import {
  type BrokerCapabilities,
  EngineError,
  type FeatureNeed,
  unmetNeeds,
} from "@holdfast/broker";
import type { ChannelRules } from "../core-contract.js";

/** What the channel rules need of an engine beyond publishing. */
function needsOf(channels: ChannelRules): FeatureNeed[] {
  const needs: FeatureNeed[] = [];
  for (const [pattern, rule] of Object.entries(channels)) {
    const by = (option: string) => `Channel rule ${JSON.stringify(pattern)} (${option})`;
    if (rule.history || rule.state) needs.push({ feature: "history", by: by("history") });
    if (typeof rule.state === "string") needs.push({ feature: "snapshots", by: by("state") });
    if (rule.presence === true) needs.push({ feature: "presence", by: by("presence") });
  }
  return needs;
}

/**
 * Refuses channel rules that the engine cannot keep, before anybody connects. Throws an EngineError
 * that names the engine, each rule and the way out.
 */
export function refuseBeyond(capabilities: BrokerCapabilities, channels: ChannelRules): void {
  const unmet = unmetNeeds(capabilities, needsOf(channels));
  if (unmet.length > 0) throw new EngineError(unmet.join("\n"));
}
