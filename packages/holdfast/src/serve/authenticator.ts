import { readFileSync } from "node:fs";
import { type JwtOptions, jwt } from "@holdfast/gateway/jwt";
import type { AuthenticateHandler } from "@holdfast/protocol";
import type { Options } from "../config/server-options.js";
import { UsageError } from "../config/usage-error.js";
import { requireSecret } from "./token.js";

/** The options that say how connection tokens are judged. */
export type TokenOptions = Pick<
  Options,
  | "tokenSecret"
  | "tokenIssuer"
  | "tokenAudience"
  | "tokenPublicKeyFiles"
  | "tokenKeySetUrl"
  | "tokenKeySetPrivate"
  | "tokenAlgorithms"
  | "tokenClockToleranceMs"
>;

/**
 * The handler that turns a valid token into an identity; undefined when no key is configured.
 * @throws UsageError for a weak secret, a key file that cannot be used and a URL that may not be asked
 */
export function tokenAuthenticator(options: TokenOptions): AuthenticateHandler | undefined {
  const { tokenSecret, tokenPublicKeyFiles, tokenKeySetUrl, tokenAlgorithms } = options;
  if (tokenSecret !== "") requireSecret(tokenSecret);
  if (tokenSecret === "" && tokenPublicKeyFiles.length === 0 && tokenKeySetUrl === "") {
    return undefined;
  }
  const given: JwtOptions = {
    secrets: tokenSecret === "" ? [] : [tokenSecret],
    publicKeys: tokenPublicKeyFiles.map(readKey),
    clockToleranceMs: options.tokenClockToleranceMs,
    ...(tokenKeySetUrl === ""
      ? {}
      : { keySetUrl: { url: tokenKeySetUrl, allowPrivate: options.tokenKeySetPrivate } }),
    ...(tokenAlgorithms.length === 0 ? {} : { algorithms: tokenAlgorithms }),
    ...(options.tokenIssuer === "" ? {} : { issuer: options.tokenIssuer }),
    ...(options.tokenAudience === "" ? {} : { audience: options.tokenAudience }),
  };
  try {
    return jwt(given);
  } catch (cause) {
    if (cause instanceof TypeError) throw new UsageError(inWordsOfTheConfiguration(cause.message));
    throw cause;
  }
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`tokenPublicKeyFiles: ${path} cannot be read.`);
  }
}

const optionNames: Readonly<Record<string, string>> = {
  publicKeys: "tokenPublicKeyFiles",
  keySetUrl: "tokenKeySetUrl",
  algorithms: "tokenAlgorithms",
  secrets: "tokenSecret",
};

function inWordsOfTheConfiguration(message: string): string {
  return message.replace(/^jwt: option (\w+)/, (_all, name: string) => optionNames[name] ?? name);
}
