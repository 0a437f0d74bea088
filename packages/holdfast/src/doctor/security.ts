import type { Configuration } from "../config/resolve.js";
import { isLoopback } from "../serve/loopback.js";
import type { Finding, Weight } from "./finding.js";

/** What a check of the configuration looks at beside it. */
export interface Surroundings {
  /** Major version of Node. */
  readonly nodeMajor: number;
  /** Permission bits of a file; undefined where it cannot be looked at. */
  readonly modeOf: (path: string) => number | undefined;
}

type Check = (configuration: Configuration, around: Surroundings) => readonly string[] | boolean;

interface Row {
  readonly id: string;
  readonly weight: Weight;
  readonly says: string;
  readonly advice: string;
  /** true, or what it is about, where the row applies. */
  readonly applies: Check;
}

/** 128 bits in base64url are 22 characters. */
const MIN_STRONG_KEY_CHARS = 22;
const DEFAULT_MAX_TOKEN_LIFE_MS = 31_622_400_000;
const OTHERS_MAY_READ = 0o077;
/** Node 20 gets no security fixes any more. */
const OLDEST_MAINTAINED_NODE = 22;

const isPublic = ({ options }: Configuration): boolean => !isLoopback(options.host);
const takesTokens = ({ options }: Configuration): boolean =>
  options.tokenSecret !== "" ||
  options.tokenPublicKeyFiles.length > 0 ||
  options.tokenKeySetUrl !== "";

function secretsFrom({ sources }: Configuration, source: string): string[] {
  return ["apiKeys", "tokenSecret"].filter((name) => sources[name] === source);
}

/** The engine's deployments in processes of their own, behind a network. */
function remoteEngines({ options }: Configuration): readonly URL[] {
  const urls = options.broker.split(/\s+/).filter((url) => URL.canParse(url));
  return urls
    .map((url) => new URL(url))
    .filter(({ hostname }) => {
      return hostname !== "" && !isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
    });
}

const rows: readonly Row[] = [
  {
    id: "dev",
    weight: "open",
    says: "The development profile is on: everybody on this machine may use the demo channels, and its API key is known to all",
    advice: "leave dev out.",
    applies: ({ options }) => options.dev,
  },
  {
    id: "tls",
    weight: "open",
    says: "Connections from other machines are not encrypted: tokens can be read on the way",
    advice:
      "set tlsCertFile and tlsKeyFile, or listen on 127.0.0.1 behind a proxy that ends TLS (trustedProxies says that there is one).",
    applies: (each) =>
      isPublic(each) &&
      each.options.tlsCertFile === "" &&
      !each.options.tlsSelfSigned &&
      each.options.trustedProxies.length === 0,
  },
  {
    id: "self-signed",
    weight: "open",
    says: "The certificate is made at the start and vouched for by nobody",
    advice: "set tlsCertFile and tlsKeyFile.",
    applies: ({ options }) => options.tlsSelfSigned,
  },
  {
    id: "key-file",
    weight: "open",
    says: "The TLS key can be read by other users of this machine",
    advice: "chmod 600.",
    applies: ({ options: { tlsKeyFile } }, { modeOf }) =>
      tlsKeyFile !== "" && ((modeOf(tlsKeyFile) ?? 0) & OTHERS_MAY_READ) !== 0,
  },
  {
    id: "origins",
    weight: "open",
    says: "Pages that anybody can put there may connect with a visitor's cookies",
    advice: "list the origins of your own pages, with https:.",
    applies: ({ options }) =>
      options.origins.filter(
        (origin) =>
          origin === "*" ||
          (origin.startsWith("http:") && !/^http:\/\/(localhost|127\.)/.test(origin)),
      ),
  },
  {
    id: "anonymous",
    weight: "open",
    says: "Everybody may publish without a token",
    advice: "permit subscribe alone in anonymous, or require tokens.",
    applies: ({ options }) =>
      Object.entries(options.anonymous)
        .filter(([, actions]) => actions.includes("publish"))
        .map(([pattern]) => pattern),
  },
  {
    id: "anonymous-read",
    weight: "look",
    says: "Everybody may read without a token",
    advice: "see that it is meant so.",
    applies: ({ options }) =>
      Object.entries(options.anonymous)
        .filter(([, actions]) => !actions.includes("publish") && actions.length > 0)
        .map(([pattern]) => pattern),
  },
  {
    id: "authenticated",
    weight: "open",
    says: "Everybody with a name may use every channel",
    advice: 'name patterns in authenticated, such as "user:{sub}:*".',
    applies: ({ options }) => Object.hasOwn(options.authenticated, "*"),
  },
  {
    id: "audience",
    weight: "open",
    says: "A token that was made for another service is taken here too",
    advice: "set tokenAudience, and put it into aud.",
    applies: (each) => takesTokens(each) && each.options.tokenAudience === "",
  },
  {
    id: "issuer",
    weight: "look",
    says: "Tokens of every issuer that has the key are taken",
    advice: "set tokenIssuer.",
    applies: (each) => takesTokens(each) && each.options.tokenIssuer === "",
  },
  {
    id: "token-life",
    weight: "look",
    says: "Tokens may live for a year, and whoever got hold of one with them",
    advice: "set maxTokenLifeMs to the longest life you issue.",
    applies: (each) =>
      takesTokens(each) && each.options.maxTokenLifeMs >= DEFAULT_MAX_TOKEN_LIFE_MS,
  },
  {
    id: "key-set",
    weight: "open",
    says: "Keys of tokens may be fetched without TLS, and from inside your networks",
    advice: "leave tokenKeySetPrivate out.",
    applies: ({ options }) => options.tokenKeySetPrivate,
  },
  {
    id: "query-tokens",
    weight: "open",
    says: "Tokens are taken from addresses, which proxies log",
    advice: "leave queryTokens out; use tickets where a client can set no header.",
    applies: ({ options }) => options.queryTokens,
  },
  {
    id: "api-keys",
    weight: "open",
    says: "An API key is short enough to be guessed",
    advice: "openssl rand -base64 32.",
    applies: ({ options }) => options.apiKeys.some((key) => key.length < MIN_STRONG_KEY_CHARS),
  },
  {
    id: "secrets-flag",
    weight: "open",
    says: "Secrets stand in the command line, which other users of this machine can list",
    advice: "put them into the environment.",
    applies: (each) => secretsFrom(each, "flag"),
  },
  {
    id: "secrets-file",
    weight: "look",
    says: "Secrets stand in the configuration file",
    advice: "see that it is in no repository and image, or put them into the environment.",
    applies: (each) => secretsFrom(each, "file"),
  },
  {
    id: "address-limits",
    weight: "open",
    says: "One address may take every connection there is",
    advice:
      "set maxConnectionsPerAddress and acceptsPerSecondPerAddress, and trustedProxies where there is a proxy.",
    applies: (each) =>
      (isPublic(each) || each.options.trustedProxies.length > 0) &&
      (each.options.maxConnectionsPerAddress === 0 ||
        each.options.acceptsPerSecondPerAddress === 0),
  },
  {
    id: "user-limits",
    weight: "open",
    says: "One user is not bounded",
    advice: "set what is 0 to a number.",
    applies: ({ options }) =>
      (
        ["maxConnectionsPerUser", "messagesPerSecondPerUser", "bytesPerSecondPerUser"] as const
      ).filter((name) => options[name] === 0),
  },
  {
    id: "all-proxies",
    weight: "open",
    says: "X-Forwarded-For is believed whoever writes it",
    advice: "name the addresses of your proxies alone.",
    applies: ({ options }) => options.trustedProxies.filter((range) => /\/0+$/.test(range)),
  },
  {
    id: "engine-plain",
    weight: "open",
    says: "What is published crosses the network to the engine without encryption",
    advice: "use rediss://, or a network of its own.",
    applies: (each) => remoteEngines(each).some(({ protocol }) => protocol === "redis:"),
  },
  {
    id: "engine-password",
    weight: "open",
    says: "The engine is used without a password: whoever reaches it reads and writes everything",
    advice: "give it one.",
    applies: (each) => remoteEngines(each).some(({ password }) => password === ""),
  },
  {
    id: "engine-memory",
    weight: "look",
    says: "A restart forgets what was revoked, with everything else",
    advice: "use an engine that keeps: file: or redis:.",
    applies: (each) => takesTokens(each) && each.options.broker.startsWith("memory:"),
  },
  {
    id: "schema",
    weight: "look",
    says: "Channels take any data",
    advice: "give their rules a schema.",
    applies: ({ channels }) =>
      Object.entries(channels)
        .filter(([, rule]) => rule.schema === undefined)
        .map(([pattern]) => pattern),
  },
  {
    id: "compression",
    weight: "look",
    says: "Messages are compressed: their length tells of a secret beside what others can choose",
    advice: "see that no message carries both.",
    applies: ({ options }) => options.compression,
  },
  {
    id: "node",
    weight: "look",
    says: "This version of Node gets no security fixes any more",
    advice: "use Node 24.",
    applies: (_each, { nodeMajor }) => nodeMajor < OLDEST_MAINTAINED_NODE,
  },
];

/** Names of everything that is looked at, in the order of docs/security.md. */
export const securityChecks: readonly string[] = rows.map(({ id }) => id);

/** What a configuration leaves open, the gravest first. */
export function securityFindings(
  configuration: Configuration,
  around: Surroundings,
): readonly Finding[] {
  const findings = rows.flatMap(({ applies, id, weight, says, advice }): Finding[] => {
    const about = applies(configuration, around);
    if (about === false || (about !== true && about.length === 0)) return [];
    const which = about === true ? "" : ` (${about.join(", ")})`;
    return [{ id, weight, says: `${says}${which}.`, advice }];
  });
  const isOpen = ({ weight }: Finding): boolean => weight === "open";
  return [...findings.filter(isOpen), ...findings.filter((each) => !isOpen(each))];
}
