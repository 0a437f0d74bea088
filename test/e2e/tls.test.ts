import { once } from "node:events";
import { mkdtemp, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SecureVersion } from "node:tls";
import { generate } from "selfsigned";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";

endAfterEach();

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function makePair(): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { cert, key };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "holdfast-tls-"));
  onEnd(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function connected(url: string, ca: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { ca });
  onEnd(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

async function answer(socket: WebSocket, command: object): Promise<unknown> {
  const heard = once(socket, "message");
  socket.send(JSON.stringify(command));
  return JSON.parse(String((await heard)[0]));
}

/** Settles with the version that was agreed on, or the reason why none was. */
function handshake(port: number, ca: string, version: SecureVersion): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      ca,
      minVersion: version,
      maxVersion: version,
      // OpenSSL refuses to even offer the old versions at its default level.
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    socket.once("secureConnect", () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.once("error", (error) => resolve(`refused: ${"code" in error ? error.code : error}`));
  });
}

describe("wss, built in", () => {
  it("carries a WebSocket and HTTP with HSTS", async () => {
    const pair = await makePair();
    const { url, webSocketUrl } = await serve({ tls: pair });
    expect([url, webSocketUrl]).toEqual([
      expect.stringMatching(/^https:/),
      expect.stringMatching(/^wss:/),
    ]);
    const socket = await connected(webSocketUrl, pair.cert);
    expect(await answer(socket, { type: "subscribe", channel: "chat:a" })).toMatchObject({
      type: "connected",
    });
    const [response] = await once(get(`${url}/health/live`, { ca: pair.cert }), "response");
    expect(response.statusCode).toBe(200);
    expect(response.headers["strict-transport-security"]).toBe("max-age=31536000");
    response.resume();
  });

  it("lets no page of its own name in that came in the clear, whatever cookie it brings", async () => {
    const pair = await makePair();
    const { webSocketUrl, port } = await serve({ tls: pair });
    const opened = (origin: string) =>
      new Promise<number>((resolve) => {
        const headers = { origin, cookie: "session=valid" };
        const socket = new WebSocket(webSocketUrl, { ca: pair.cert, headers });
        onEnd(() => socket.terminate());
        socket.once("open", () => resolve(101));
        socket.once("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
        socket.on("error", () => {});
      });
    expect(await opened(`http://127.0.0.1:${port}`)).toBe(403);
    expect(await opened(`https://127.0.0.1:${port}`)).toBe(101);
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    const pair = await makePair();
    const { port } = await serve({ tls: pair });
    expect(await handshake(port, pair.cert, "TLSv1.2")).toBe("TLSv1.2");
    expect(await handshake(port, pair.cert, "TLSv1.3")).toBe("TLSv1.3");
    expect(await handshake(port, pair.cert, "TLSv1.1")).toMatch(/^refused/);
    expect(await handshake(port, pair.cert, "TLSv1")).toMatch(/^refused/);
  });

  it("begins with files only if certificate and key belong together, and shows neither", async () => {
    const path = await folder();
    const [one, other] = await Promise.all([makePair(), makePair()]);
    const tls = { certFile: join(path, "tls.crt"), keyFile: join(path, "tls.key") };
    await writeFile(tls.certFile, one.cert);
    await expect(serve({ tls })).rejects.toThrow(`${tls.keyFile} cannot be read (ENOENT)`);
    await writeFile(tls.keyFile, other.key);
    await expect(serve({ tls })).rejects.toThrow("is not the key of the certificate");
    await writeFile(tls.keyFile, "-----BEGIN nonsense");
    await expect(serve({ tls })).rejects.toThrow("holds no private key");
    await writeFile(tls.keyFile, one.key);
    await serve({ tls });
  });
});

describe("a certificate in files that are replaced", () => {
  it("is used for new connections while the open ones go on, also through a symbolic link", async () => {
    const path = await folder();
    const [first, second] = await Promise.all([makePair(), makePair()]);
    const tls = { certFile: join(path, "tls.crt"), keyFile: join(path, "tls.key") };
    const place = async (name: string, { cert, key }: Pair): Promise<void> => {
      await writeFile(join(path, `${name}.crt`), cert);
      await writeFile(join(path, `${name}.key`), key);
      await unlink(tls.certFile).catch(() => {});
      await unlink(tls.keyFile).catch(() => {});
      await symlink(`${name}.crt`, tls.certFile);
      await symlink(`${name}.key`, tls.keyFile);
    };
    await place("first", first);
    let reloaded = (): void => {};
    const reload = new Promise<void>((resolve) => {
      reloaded = resolve;
    });
    let kept = (_reason: unknown): void => {};
    const keeping = new Promise<unknown>((resolve) => {
      kept = resolve;
    });
    const { port, webSocketUrl } = await serve({
      tls,
      settings: { tlsCheckIntervalMs: 20 },
      logger: {
        debug: () => {},
        warn: (message, fields) => {
          if (message === "certificate not reloaded") kept(fields?.reason);
        },
        error: () => {},
        info: (message) => {
          if (message === "certificate reloaded") reloaded();
        },
      },
    });
    const before = await connected(webSocketUrl, first.cert);
    // Half of a pair never replaces a whole one.
    await place("half", { cert: second.cert, key: first.key });
    expect(String(await keeping)).not.toContain("BEGIN");
    await connected(webSocketUrl, first.cert);
    await place("second", second);
    await reload;
    expect(await handshake(port, second.cert, "TLSv1.1")).toMatch(/^refused/);
    await connected(webSocketUrl, second.cert);
    await expect(connected(webSocketUrl, first.cert)).rejects.toThrow(/certificate/);
    expect(await answer(before, { type: "subscribe", channel: "chat:a" })).toMatchObject({
      type: "connected",
    });
  });
});
