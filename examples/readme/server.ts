import { createServer } from "node:http";
import { call, createGateway } from "@holdfast/gateway";
import { z } from "zod";
import { isMember, rename, verify } from "./app.js";

const Message = z.object({ text: z.string().max(4000) });
const Rename = z.object({ room: z.string(), to: z.string().min(1).max(40) });

export const gateway = createGateway({
  broker: "memory:",
  authenticate: ({ token }) => verify(token), // → { user, can } or null
  authorize: ({ user, channel }) => isMember(user, channel),
  channels: {
    "chat:*": {
      history: { maxCount: 1000, maxAgeMs: 86_400_000 },
      presence: true,
      schema: Message, // zod, valibot, arktype … (Standard Schema)
    },
  },
  calls: {
    "chat.rename": call(Rename, ({ room, to }) => rename(room, to)),
  },
});

export const server = createServer((_request, response) => response.end("your application"));
gateway.attach(server); // or: await gateway.listen(8000)
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");

await gateway.publish("chat:lobby", { text: "The room is open." }, { key: "opened" });
