import type { HistoryBounds } from "@holdfast/broker";
import type { FoldedMode, SnapshotHandler } from "@holdfast/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ChannelRule, ChannelRules } from "../core-contract.js";
import { compilePattern } from "./pattern.js";

/** Where the state of a channel comes from. */
export type StatePolicy =
  | { readonly mode: FoldedMode }
  | { readonly mode: "handler"; readonly handler: SnapshotHandler };

/** The options of one channel, every default filled in. */
export interface ChannelPolicy {
  /** Bounds of what is retained; all 0 for channels without history. */
  readonly history: HistoryBounds;
  /** The channel keeps history, so positions can be resumed. */
  readonly retains: boolean;
  readonly state: StatePolicy | undefined;
  readonly presence: boolean;
  readonly stampUser: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  /** Publications per second and subscription; faster ones are conflated. */
  readonly maxPerSecond: number | undefined;
}

/** Bounds of a history rule that names only some: 1,000 publications, 16 MiB, one day. */
const defaultHistory: HistoryBounds = {
  maxCount: 1000,
  maxBytes: 16_777_216,
  maxAgeMs: 86_400_000,
};

const nothing: HistoryBounds = { maxCount: 0, maxBytes: 0, maxAgeMs: 0 };

function policyOf(rule: ChannelRule): ChannelPolicy {
  const state = statePolicyOf(rule);
  // A state is folded from publications that are kept; how many is the rule's to say.
  const history = rule.history ?? (state === undefined ? false : {});
  const wanted = history ? { ...defaultHistory, ...history } : nothing;
  const retains = wanted.maxCount > 0 && wanted.maxBytes > 0 && wanted.maxAgeMs > 0;
  return {
    history: retains ? wanted : nothing,
    retains,
    state,
    presence: rule.presence === true,
    stampUser: rule.stampUser !== false,
    schema: rule.schema,
    maxPerSecond: rule.maxPerSecond,
  };
}

function statePolicyOf({ state }: ChannelRule): StatePolicy | undefined {
  if (state === undefined) return undefined;
  return typeof state === "string" ? { mode: state } : { mode: "handler", handler: state.handler };
}

/** Finds a channel's policy: that of the first matching rule, `undefined` when none matches. */
export function compileRules(rules: ChannelRules): (channel: string) => ChannelPolicy | undefined {
  const compiled = Object.entries(rules).map(([pattern, rule]) => ({
    matches: compilePattern(pattern),
    policy: policyOf(rule),
  }));
  return (channel) => compiled.find((each) => each.matches(channel))?.policy;
}
