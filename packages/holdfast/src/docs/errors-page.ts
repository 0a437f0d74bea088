import {
  type CloseDeclaration,
  closeCodes,
  type ErrorDeclaration,
  errorCodes,
  shouldReconnect,
} from "@holdfast/protocol";
import { exitCodes } from "../cli/exit-codes.js";
import { markdownTable } from "./table.js";

/** Text of `docs/errors.md`. */
export function errorsPage(): string {
  const errors: Readonly<Record<string, ErrorDeclaration>> = errorCodes;
  const closes: Readonly<Record<string, CloseDeclaration>> = closeCodes;
  return `# Errors and close codes

<!-- Generated from the registries of the protocol package; a test compares the two. -->

## Errors

A request that fails is answered with \`{"type":"error","code":…,"message":…,"retryable":…}\`, over HTTP with \`application/problem+json\` of the same \`code\`, and in the SDK with a value \`{ ok: false, code, message, retryable }\`. \`message\` is a sentence for people and may change; programs look at \`code\`. \`field\` is a JSON Pointer (RFC 6901) to what is wrong. With \`unknown: true\` the request may have been carried out all the same: repeat it with the same key.

A newer gateway may send codes that are not listed here. Obey \`retryable\` and \`retryAfterMs\` then.

${markdownTable(
  ["code", "meaning", "retryable"],
  Object.entries(errors).map(([code, { meaning, retryable }]) => [
    `\`${code}\``,
    meaning,
    retryable ? "yes" : "no",
  ]),
)}

## Close codes

The gateway closes a WebSocket with one of these, or with a code of [RFC 6455 §7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1). 4000 to 4499 ask for a new connection, 4500 to 4999 are final. The close reason is the name; how long to wait stands in the \`disconnect\` message before it.

${markdownTable(
  ["code", "name", "meaning", "connect again"],
  Object.entries(closes).map(([code, { name, meaning }]) => [
    code,
    `\`${name}\``,
    meaning,
    shouldReconnect(Number(code)) ? "yes" : "no",
  ]),
)}

## Exit codes of the command

${markdownTable(
  ["code", "meaning"],
  [
    ...Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
    ["130, 143", "A second SIGINT or SIGTERM ended it at once."],
  ],
)}

[Commands](commands.md) says where one means something more exact.
`;
}
