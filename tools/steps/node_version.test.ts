import { expect, test } from "vitest";
import { complaintAboutNode } from "./node_version.mjs";

test.each(["20.19.0", "20.20.2", "22.0.0", "24.21.0", "100.0.0"])(
  "Node %s is accepted",
  (version) => {
    expect(complaintAboutNode(version)).toBeUndefined();
  },
);

test.each(["20.18.3", "20.9.0", "18.20.0", "4.0.0"])("Node %s is refused in words", (version) => {
  expect(complaintAboutNode(version)).toContain(`this is Node ${version}`);
});
