import {
  type ConfiguredRules,
  complaintsAboutCapabilities,
  complaintsAboutIdleCapabilities,
  complaintsAboutRules,
  isCapabilities,
} from "./channel-rules.js";
import { type Flags, Reader, type Source } from "./reader.js";
import { type Options, options } from "./server-options.js";
import { UsageError } from "./usage-error.js";

/** Everything `holdfast serve` may be told, before it is looked at. */
export interface Inputs {
  /** Content of the configuration file and its path for messages. */
  readonly file?: { readonly path: string; readonly content: unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
}

/** The effective configuration. */
export interface Configuration {
  readonly options: Options;
  readonly channels: ConfiguredRules;
  readonly sources: Readonly<Record<string, Source>>;
}

/** Variables with the prefix that are not options of the server. */
const otherVariables = [
  "HOLDFAST_CONFIG",
  "HOLDFAST_URL",
  "HOLDFAST_API_KEY",
  "HOLDFAST_TOKEN",
  "HOLDFAST_FANOUT",
  "HOLDFAST_WORKER",
  "HOLDFAST_NO_APT",
  "HOLDFAST_CHROMIUM",
];

/** Variables that name a binary: another Node, or a server such as HOLDFAST_REDIS_SERVER. */
const binaryVariable = /^HOLDFAST_(NODE\d+|[A-Z_]+_SERVER)$/;

/** What Kubernetes adds to every container when a Service is called "holdfast". */
const kubernetesVariable = /^HOLDFAST_(SERVICE_(HOST|PORT)(_|$)|PORT_\d+_(TCP|UDP|SCTP)(_|$))/;

/**
 * Puts defaults, file, environment and flags together; the later one wins.
 * @throws UsageError that names every wrong value, its place and what was expected
 */
export function resolve(inputs: Inputs): Configuration {
  const reader = new Reader(options);
  const channels = takeFile(reader, inputs.file);
  reader.takeEnvironment(inputs.env, isNoOption);
  reader.takeFlags(inputs.flags);
  reader.complaints.push(...complaintsAboutPermissions("anonymous", reader.values.anonymous));
  reader.complaints.push(
    ...complaintsAboutPermissions("authenticated", reader.values.authenticated),
  );
  if (reader.complaints.length > 0) throw new UsageError(reader.complaints.join("\n"));
  return { options: reader.values as Options, channels, sources: reader.sources };
}

function complaintsAboutPermissions(place: string, can: unknown): string[] {
  return isCapabilities(can)
    ? complaintsAboutIdleCapabilities(place, can)
    : complaintsAboutCapabilities(place, can);
}

function isNoOption(variable: string): boolean {
  if (otherVariables.includes(variable)) return true;
  return binaryVariable.test(variable) || kubernetesVariable.test(variable);
}

function takeFile(reader: Reader, file: Inputs["file"]): ConfiguredRules {
  if (file === undefined) return {};
  const { content, path } = file;
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    reader.complaints.push(`${path}: expected a JSON object.`);
    return {};
  }
  reader.takeJson(path, content, ["channels", "$schema"]);
  const channels: unknown = "channels" in content ? content.channels : {};
  reader.complaints.push(...complaintsAboutRules(channels).map((text) => `${path}: ${text}`));
  return channels as ConfiguredRules;
}
