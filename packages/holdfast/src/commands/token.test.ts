import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, jwtVerify } from "jose";
import { afterAll, expect, it } from "vitest";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";

const secret = "a-secret-of-more-than-thirty-two-bytes";
const folder = mkdtempSync(join(tmpdir(), "holdfast-token-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function token(args: readonly string[], env: Readonly<Record<string, string>>) {
  const terminal = new RecordingTerminal(env, folder);
  const code = await main(["token", ...args], terminal);
  return { code, printed: terminal.printed, noted: terminal.noted, all: terminal.text };
}

const configured = { HOLDFAST_TOKEN_SECRET: secret };

it("prints the token alone, and what it permits on standard error", async () => {
  const { code, printed, noted } = await token(
    ["--user", "ada", "--can", "chat:*", "--can", "chat.rename=call", "--expires", "15m"],
    configured,
  );
  expect(code).toBe(0);
  expect(printed).toHaveLength(1);
  const { payload } = await jwtVerify(printed[0] ?? "", new TextEncoder().encode(secret));
  expect(payload).toMatchObject({
    sub: "ada",
    can: { "chat:*": ["subscribe", "publish", "presence", "history"], "chat.rename": ["call"] },
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  expect(noted).toEqual([
    `ada may, until ${new Date((payload.exp ?? 0) * 1000).toISOString().replace(".000", "")}:`,
    "  chat:*: subscribe, publish, presence, history",
    "  chat.rename: call",
  ]);
});

it("adds up what is permitted for the same pattern", async () => {
  const can = ["--can", "chat:*=subscribe", "--can", "chat:*=publish,subscribe"];
  const { printed } = await token(["--user", "ada", ...can], configured);
  expect(decodeJwt(printed[0] ?? "").can).toEqual({ "chat:*": ["subscribe", "publish"] });
});

it("permits a call by its name alone", async () => {
  const { printed } = await token(["--user", "ada", "--can", "chat.rename"], configured);
  expect(decodeJwt(printed[0] ?? "").can).toEqual({ "chat.rename": ["call"] });
});

it("warns of a token that permits nothing", async () => {
  const { code, noted } = await token(["--user", "ada"], configured);
  expect([code, noted.join("\n")]).toEqual([0, expect.stringContaining("and nothing else")]);
});

it("takes the secret from the configuration file of the folder, the same as the gateway", async () => {
  writeFileSync(join(folder, "own.json"), JSON.stringify({ tokenSecret: secret }));
  const { code, printed } = await token(["--user", "ada", "--config", "own.json"], {});
  expect(code).toBe(0);
  await jwtVerify(printed[0] ?? "", new TextEncoder().encode(secret));
});

it.each([
  ["no user", [], "--user is missing"],
  ["an empty user", ["--user", ""], "--user has to have 1 to 256 characters"],
  [
    "a user that is too long",
    ["--user", "u".repeat(257)],
    "--user has to have 1 to 256 characters",
  ],
  ["a life out of range", ["--user", "ada", "--expires", "2y"], "--expires: expected a life"],
  ["a pattern out of grammar", ["--user", "ada", "--can", "Chat:*"], '"Chat:*"'],
  [
    "a namespace without its channels",
    ["--user", "ada", "--can", "chat=subscribe"],
    '--can["chat"]: without a colon it is the name of a call, which permits call alone; channels are "chat:*".',
  ],
  ["an unknown action", ["--user", "ada", "--can", "chat:*=publsh"], 'Did you mean "publish"?'],
  ["a flag that is not there", ["--usr", "ada"], 'Did you mean "--user"?'],
  ["a surplus word", ["ada"], '"ada" is more than it takes'],
])("refuses %s with exit code 2 and shows no secret", async (_name, args, message) => {
  const { code, all } = await token(args, configured);
  expect(code).toBe(2);
  expect(all).toContain(message);
  expect(all).not.toContain(secret);
});

it("refuses to sign without a secret, and with one that is too short", async () => {
  expect((await token(["--user", "ada"], {})).all).toContain("HOLDFAST_TOKEN_SECRET");
  const short = await token(["--user", "ada"], { HOLDFAST_TOKEN_SECRET: "short-secret" });
  expect(short.all).toContain("too short");
  expect(short.all).not.toContain("short-secret");
});
