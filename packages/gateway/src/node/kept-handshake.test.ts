import { expect, it } from "vitest";
import { KeptHandshake } from "./kept-handshake.js";

it("a kept handshake gives the header lines back as they came, each time", () => {
  const headers = { host: "a", "set-cookie": ["b", "c"], origin: "https://é.example" };
  const kept = new KeptHandshake(headers, "t", "127.0.0.1");
  for (let time = 0; time < 2; time++) expect(kept.headers).toEqual(headers);
  expect(kept).toMatchObject({ token: "t", remoteAddress: "127.0.0.1" });
  expect(new KeptHandshake({})).not.toHaveProperty("token");
});
