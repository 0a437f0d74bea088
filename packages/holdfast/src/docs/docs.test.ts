import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commands } from "../main.js";
import { commandsPage } from "./commands-page.js";
import { configSchemaText } from "./config-schema.js";
import { configurationPage } from "./configuration-page.js";
import { errorsPage } from "./errors-page.js";
import { metricsPage } from "./metrics-page.js";

const docs = (name: string) => fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));

// To write the pages anew: npx vitest run packages/holdfast/src/docs -u
describe("the generated pages say what the declarations say", () => {
  it("docs/commands.md", async () => {
    await expect(commandsPage(commands)).toMatchFileSnapshot(docs("commands.md"));
  });

  it("docs/configuration.md", async () => {
    await expect(configurationPage()).toMatchFileSnapshot(docs("configuration.md"));
  });

  it("docs/errors.md", async () => {
    await expect(errorsPage()).toMatchFileSnapshot(docs("errors.md"));
  });

  it("docs/metrics.md", async () => {
    await expect(metricsPage()).toMatchFileSnapshot(docs("metrics.md"));
  });

  it("docs/holdfast.config.schema.json", async () => {
    await expect(configSchemaText()).toMatchFileSnapshot(docs("holdfast.config.schema.json"));
  });
});
