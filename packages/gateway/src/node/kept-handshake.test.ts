import { expect, it } from "vitest";
import { HeaderTexts, KeptHandshake } from "./kept-handshake.js";

const headers = { host: "a", "set-cookie": ["b", "c"], origin: "https://é.example" };

it("a kept handshake gives the header lines back as they came, each time", () => {
  const texts = new HeaderTexts();
  const kept = new KeptHandshake(texts.of(headers), "t", "127.0.0.1");
  for (let time = 0; time < 2; time++) expect(kept.headers).toEqual(headers);
  expect(kept).toMatchObject({ token: "t", remoteAddress: "127.0.0.1" });
  expect(new KeptHandshake(texts.of({}))).not.toHaveProperty("token");
});

it("header lines that many send are right for each of them, however many others come between", () => {
  const texts = new HeaderTexts();
  for (let n = 0; n < 1_000; n++) {
    const own = { host: "a", cookie: n % 2 === 0 ? String(n) : "x".repeat(3_000) };
    expect(new KeptHandshake(texts.of(own)).headers).toEqual(own);
    expect(new KeptHandshake(texts.of(headers)).headers).toEqual(headers);
  }
});
