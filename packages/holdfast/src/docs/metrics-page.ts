import type { MetricDeclaration } from "@holdfast/core";
import { metrics } from "@holdfast/gateway";
import { markdownTable } from "./table.js";

/** Text of `docs/metrics.md`. */
export function metricsPage(): string {
  const declared: readonly MetricDeclaration[] = Object.values(metrics);
  return `# Metrics

<!-- Generated from the declarations of the gateway package; a test compares the two. -->

\`GET /metrics\` answers in the text format of Prometheus: to requests from this machine, to those from elsewhere with an API key (\`authorization\` with \`credentials_file\` in the configuration of Prometheus), and to everybody with \`metricsPublic\` (in a gateway of your own \`metrics: { public: true }\`). The values of labels come from closed sets, never from what a client sent, so their number is bounded.

${markdownTable(
  ["metric", "kind", "labels", "meaning"],
  declared.map(({ name, kind, labels = [], help }) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]),
)}
`;
}
