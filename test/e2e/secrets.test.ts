import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { generate } from "selfsigned";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { endAfterEach, onEnd } from "./kit/gateway.js";

endAfterEach();

const command = fileURLToPath(new URL("../../packages/holdfast/bin/holdfast.mjs", import.meta.url));

/** Texts that nothing may show, by what they are. */
const planted = {
  apiKey: "planted-api-key-0001",
  otherKey: "planted-api-key-0002",
  wrongKey: "planted-wrong-key-0003",
  tokenSecret: "planted-token-secret-of-thirty-two-bytes",
  shortSecret: "planted-short",
  forgedToken: "planted.forged.token",
  wrongTicket: "hft_planted-wrong-ticket-0000000000",
  enginePassword: "planted-engine-password",
};

interface Emitted {
  /** Everything the processes and the gateway said. */
  readonly texts: string[];
  /** Secrets made on the way. */
  readonly secrets: Record<string, string>;
}

async function certificate(emitted: Emitted): Promise<{ ca: string; files: string[] }> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  const folder = await mkdtemp(join(tmpdir(), "holdfast-secrets-"));
  onEnd(() => rm(folder, { recursive: true, force: true }));
  const files = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await writeFile(files[0] ?? "", cert);
  await writeFile(files[1] ?? "", key);
  emitted.secrets.tlsKey = key.split("\n")[1] ?? "no key";
  return { ca: cert, files };
}

/** Runs a command that ends by itself, and keeps what it said. */
async function run(emitted: Emitted, args: string[], env: Record<string, string>): Promise<void> {
  await new Promise<void>((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (_error, stdout, stderr) => {
      emitted.texts.push(stdout, stderr);
      resolve();
    });
  });
}

function listen(emitted: Emitted, child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        said += chunk;
        emitted.texts.push(String(chunk));
        const [, url] = /HTTP +(https:\S+)\//.exec(said) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
  });
}

/** Asks over HTTP and keeps the whole answer, headers too, unless it is meant to hold a secret. */
async function ask(
  emitted: Emitted | undefined,
  url: string,
  { ca, method = "GET", key, body }: { ca: string; method?: string; key?: string; body?: unknown },
): Promise<{ status: number; body: string }> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const sent = request(url, { ca, method, headers });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  emitted?.texts.push(JSON.stringify(response.headers), text);
  return { status: response.statusCode, body: text };
}

/** Connects, waits until the gateway has answered or refused, and keeps what it said. */
async function connect(
  emitted: Emitted,
  url: string,
  ca: string,
  how: { protocols?: string[]; first?: object; query?: string },
): Promise<void> {
  const { protocols = [], first, query = "" } = how;
  const socket = new WebSocket(`${url.replace("https", "wss")}/ws${query}`, protocols, { ca });
  const over = new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      emitted.texts.push(String(data));
      if (String(data).includes('"connected"')) resolve();
    });
    socket.on("unexpected-response", (_request, response) => {
      response.on("data", (chunk: Buffer) => emitted.texts.push(String(chunk)));
      response.on("end", resolve);
    });
    socket.on("close", (_code, reason) => {
      emitted.texts.push(String(reason), socket.protocol);
      resolve();
    });
    socket.on("error", (error) => emitted.texts.push(error.message));
  });
  socket.on("open", () => first !== undefined && socket.send(JSON.stringify(first)));
  await over;
  socket.terminate();
}

it("nothing that a gateway is told in confidence is in anything it says in its whole life", async () => {
  const emitted: Emitted = { texts: [], secrets: { ...planted } };
  const { ca, files } = await certificate(emitted);
  const env = {
    PATH: process.env.PATH ?? "",
    HOLDFAST_API_KEYS: `${planted.apiKey},${planted.otherKey}`,
    HOLDFAST_TOKEN_SECRET: planted.tokenSecret,
    HOLDFAST_TLS_CERT_FILE: files[0] ?? "",
    HOLDFAST_TLS_KEY_FILE: files[1] ?? "",
    HOLDFAST_LOG_LEVEL: "debug",
    HOLDFAST_QUERY_TOKENS: "true",
  };
  const child = spawn(process.execPath, [command, "serve", "--port", "0"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onEnd(() => void child.kill("SIGKILL"));
  const url = await listen(emitted, child);

  const key = planted.apiKey;
  const post = (path: string, body: unknown, by: string = key) =>
    ask(emitted, `${url}${path}`, { ca, method: "POST", key: by, body });
  const ticket = { user: "ada", can: { "chat:*": ["subscribe"] } };
  const issue = async (name: string): Promise<string> => {
    const answer = await ask(undefined, `${url}/api/tickets`, {
      ca,
      method: "POST",
      key,
      body: ticket,
    });
    expect(answer.status).toBe(200);
    const made = (JSON.parse(answer.body) as { ticket: string }).ticket;
    emitted.secrets[name] = made;
    return made;
  };
  const token = await new SignJWT({ sub: "ada" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(Buffer.from(planted.tokenSecret));
  emitted.secrets.token = token;
  emitted.secrets.signature = token.split(".")[2] ?? "none";
  const subprotocol = (each: string) => ["holdfast.v1.json", `holdfast.token.${each}`];

  await post("/api/publish", { channel: "chat:a", data: 1 });
  await post("/api/publish", { channel: "chat:a", data: 1 }, planted.wrongKey);
  await post("/api/tickets", ticket, planted.wrongKey);
  await post("/api/tickets", { user: 7 });
  await connect(emitted, url, ca, { protocols: subprotocol(token) });
  await connect(emitted, url, ca, { first: { type: "connect", token } });
  await connect(emitted, url, ca, { protocols: subprotocol(planted.forgedToken) });
  await connect(emitted, url, ca, { first: { type: "connect", token: planted.wrongTicket } });
  await connect(emitted, url, ca, { first: { type: "connect", token: [planted.forgedToken] } });
  await connect(emitted, url, ca, { query: `?ticket=${await issue("ticket")}` });
  await connect(emitted, url, ca, { query: `?ticket=${emitted.secrets.ticket}` });
  await connect(emitted, url, ca, { query: `?token=${token}&ticket=${planted.wrongTicket}` });
  await connect(emitted, url, ca, { protocols: ["nonsense", `holdfast.token.${token}`] });
  for (const path of ["/metrics", "/health/ready", "/nowhere", "/ws", "/api/publish"]) {
    await ask(emitted, `${url}${path}?token=${token}`, { ca, key: token });
  }
  await ask(emitted, `${url}/api/channels/chat:a/state`, { ca, key: planted.forgedToken });
  await post("/api/revoke", { user: "ada" });
  await connect(emitted, url, ca, { protocols: subprotocol(token) });
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;

  await run(emitted, ["config"], env);
  await run(emitted, ["config", "--json"], env);
  const withPassword = {
    ...env,
    HOLDFAST_BROKER: `redis://ann:${planted.enginePassword}@127.0.0.1:1`,
  };
  await run(emitted, ["config"], withPassword);
  await run(emitted, ["serve", "--port", "0"], withPassword);
  await run(emitted, ["doctor", "--security"], withPassword);
  await run(emitted, ["serve", "--port", "0"], {
    ...env,
    HOLDFAST_BROKER: `unheard-of://ann:${planted.enginePassword}@127.0.0.1:1`,
  });
  await run(emitted, ["serve"], { ...env, HOLDFAST_TOKEN_SECRET: planted.shortSecret });
  await run(emitted, ["serve"], { ...env, HOLDFAST_API_KEYS: planted.shortSecret });
  await run(emitted, ["serve"], { ...env, HOLDFAST_TLS_CERT_FILE: files[1] ?? "" });
  await run(emitted, ["publish", "chat:a", "1", "--url", url, "--api-key", planted.wrongKey], env);

  const said = emitted.texts.join("\n");
  // The net is not empty: it holds the log, answers over HTTP and messages.
  for (const text of ['"listening"', "holdfast_", '"connected"', "unauthorized", "(hidden)"]) {
    expect(said).toContain(text);
  }
  const found = Object.entries(emitted.secrets).filter(([, secret]) => said.includes(secret));
  expect(found.map(([name]) => name)).toEqual([]);
}, 60_000);
