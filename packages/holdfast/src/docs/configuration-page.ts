import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { flagOf, variableOf } from "../config/names.js";
import { limits, serverOptions } from "../config/server-options.js";
import { markdownTable } from "./table.js";

/** Text of `docs/configuration.md`. */
export function configurationPage(): string {
  return `${introduction}
## Server

${optionsTable(serverOptions)}

## Limits and times

${optionsTable(limits)}

${channels}`;
}

const introduction = `# Configuration

<!-- Generated from the declarations of the options; a test compares the two. -->

\`holdfast serve\` reads the same options from four places. Where an option is set in several of them, the first of this list wins:

1. a flag: \`--ping-interval-ms 20000\`, \`--dev\`, \`--no-dev\`
2. an environment variable: \`HOLDFAST_PING_INTERVAL_MS=20000\`
3. the configuration file, \`holdfast.config.json\` in the working directory, or the one that \`--config\` or \`HOLDFAST_CONFIG\` names: \`{ "pingIntervalMs": 20000 }\`
4. the default

Lists are separated by commas in flags and variables. A name that does not exist, or a value out of range, prevents the start, with a message that says where it stands and what was expected. \`holdfast config\` prints every value in force and where it came from; secrets are only shown as set or not set. Prefer a variable or a file to a flag for secrets: other users of a machine can see the flags of a process.

An editor checks the file and completes names when it begins with a reference to [holdfast.config.schema.json](holdfast.config.schema.json) in \`"$schema"\`.
`;

const channels = `## Channel rules

Rules stand in the file only, under \`channels\`. Keys are channel patterns: a name (\`chat:lobby\`), a prefix followed by \`*\` (\`chat:*\`), or \`*\` alone. Order matters: the first pattern that matches a channel gives its options. A channel that no rule matches does not exist: requests for it are refused as \`unknown_channel\`.

\`\`\`json
{
  "port": 8000,
  "channels": {
    "chat:*": { "history": { "maxCount": 1000, "maxAgeMs": 86400000 }, "presence": true },
    "board:*": { "state": "merge", "history": { "maxCount": 200 } },
    "cursor:*": { "stampUser": false }
  }
}
\`\`\`

${markdownTable(
  ["field", "meaning"],
  [
    [
      "`history`",
      "`false`, or the bounds of what is retained, whichever is reached first: `maxCount` publications (1,000 where it is left out), `maxBytes` bytes (16,777,216), `maxAgeMs` milliseconds (86,400,000). Without history nothing can be resumed.",
    ],
    [
      "`state`",
      "`last` or `merge`: the channel has state, which subscribers are given when they begin (see [State](state.md)). `history` is then on unless the rule says otherwise, and may be short.",
    ],
    ["`presence`", "Whether members can enter and be listed. Default `false`."],
    ["`stampUser`", "Whether publications carry their publisher's `user`. Default `true`."],
    [
      "`maxPerSecond`",
      "Publications per second and subscription; faster ones are conflated: the newest per `key` is kept. Only without `history`, or where `state` is `last`.",
    ],
    [
      "`schema`",
      "JSON Schema (2020-12) that the data has to fit, compiled strictly at start-up; `format` is ignored, and references to other documents are refused. What does not fit is refused as `invalid_data`, with the path of the field.",
    ],
  ],
)}

Rules say how a channel behaves, not who may use it: that is in the token (see [Authentication](authentication.md)), in \`anonymous\`, or in the \`authorize\` handler of a gateway that runs inside a program of your own.
`;

function optionsTable(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, declaration]) => [
    `\`${name}\``,
    `\`--${flagOf(name)}\`<br>\`${variableOf(name)}\``,
    shownDefault(declaration),
    declaration.unit,
    `${declaration.description}${range(declaration)}`,
  ]);
  return markdownTable(["option", "flag and variable", "default", "unit", "meaning"], rows);
}

function shownDefault({ default: value, kind }: OptionDeclaration): string {
  if (kind === "string" && value === "") return "";
  if (kind === "strings" && Array.isArray(value) && value.length === 0) return "";
  return `\`${kind === "string" ? String(value) : JSON.stringify(value)}\``;
}

function range({ min, max, choices }: OptionDeclaration): string {
  if (choices !== undefined) return ` One of ${choices.map((each) => `\`${each}\``).join(", ")}.`;
  if (min !== undefined && max !== undefined) return ` From ${min} to ${max}.`;
  if (min !== undefined) return ` At least ${min}.`;
  return max === undefined ? "" : ` At most ${max}.`;
}
