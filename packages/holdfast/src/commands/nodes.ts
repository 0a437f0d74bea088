import type { NodeRecord } from "@holdfast/broker";
import { boolean } from "@holdfast/core";
import type { Command } from "../cli/command.js";
import { exitCodes } from "../cli/exit-codes.js";
import { addressOf } from "./address.js";
import { apiKeyFor } from "./api-key.js";
import { apiFlags, callApi } from "./api-request.js";
import { clientValues } from "./client-values.js";

const flags = {
  ...apiFlags,
  json: boolean(false, { unit: "", description: "Prints the list as JSON." }),
} as const;

const heads = ["gateway", "version", "up", "connections", "channels", "subscriptions"];

/** `holdfast nodes`: the gateways that share the engine. */
export const nodesCommand: Command = {
  name: "nodes",
  usage: "[flags]",
  operands: [],
  summary: "Lists the gateways that share the engine, and what each of them is doing.",
  details: [
    "Figures are at most 5 s old. A gateway that was killed is on the list until its lease has run out (30 s).",
  ],
  examples: ["holdfast nodes"],
  exits: {
    0: "The list was printed.",
    1: "The gateway refused it.",
    3: exitCodes.tryAgain.meaning,
  },
  options: flags,
  run: async (terminal, args) => {
    const values = clientValues(flags, ["url", "apiKey"], terminal, args);
    const { http } = addressOf(values.url);
    const { exit, text } = await callApi({
      method: "GET",
      address: http,
      path: "/api/nodes",
      apiKey: apiKeyFor(values.apiKey, terminal.env, new URL(http)),
      doubt: "",
    });
    if (exit !== "done") terminal.note(text);
    else if (values.json) terminal.print(text);
    else for (const line of tableOf(nodesIn(text), Date.now())) terminal.print(line);
    return exitCodes[exit].code;
  },
};

function nodesIn(text: string): readonly NodeRecord[] {
  const { nodes }: { readonly nodes: readonly NodeRecord[] } = JSON.parse(text);
  return nodes;
}

function tableOf(nodes: readonly NodeRecord[], nowMs: number): readonly string[] {
  const rows = nodes.map(({ gateway, version, startedMs, connections, channels, figures }) =>
    [
      gateway,
      version,
      upFor(nowMs - startedMs),
      connections,
      channels,
      figures?.subscriptions ?? 0,
    ].map(String),
  );
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [heads, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `3 d`, `5 h`, `12 min`, `40 s`. */
function upFor(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
