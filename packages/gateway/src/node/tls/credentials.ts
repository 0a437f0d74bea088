import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

/** Where a server's certificate and key are: in files that may change, or at hand. */
export type TlsOptions = TlsFiles | TlsTexts;

/** PEM files, read again when they change. */
export interface TlsFiles {
  /** The certificate, then the chain up to but without the root. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** PEM texts, for a certificate made by the process itself. */
export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its chain, and its key, in PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** A certificate or key cannot be used; the message names the file and why, and holds nothing of it. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** Whether the options name files. */
export function inFiles(options: TlsOptions): options is TlsFiles {
  return "certFile" in options;
}

/** Reads the credentials and proves that a server could use them. Rejects with a `CredentialsError`. */
export async function readCredentials(options: TlsOptions): Promise<Credentials> {
  if (!inFiles(options)) return checked(options, "cert", "key");
  const { certFile, keyFile } = options;
  const [cert, key] = await Promise.all([textOf(certFile), textOf(keyFile)]);
  return checked({ cert, key }, certFile, keyFile);
}

/** The end of the certificate, in milliseconds since the Unix epoch. */
export function endOf({ cert }: Credentials): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

/** A half-written or mismatched pair must never replace one that works. */
function checked({ cert, key }: Credentials, certName: string, keyName: string): Credentials {
  const certificate = attempt(certName, "holds no certificate", () => new X509Certificate(cert));
  const privateKey = attempt(keyName, "holds no private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CredentialsError(`${keyName} is not the key of the certificate in ${certName}`);
  }
  attempt(certName, "cannot be used by a server", () => createSecureContext({ cert, key }));
  return { cert, key };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    throw new CredentialsError(`${path} cannot be read${code}`, { cause });
  }
}

/** What the library says of a key could show a part of it. */
function attempt<Value>(name: string, problem: string, step: () => Value): Value {
  try {
    return step();
  } catch {
    throw new CredentialsError(`${name} ${problem}`);
  }
}
