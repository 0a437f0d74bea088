// The fan-out in many short turns: every server stays up and they are loaded one after the other, so
// that a machine that is faster at one moment than at another is so for all of them.
//   npm run bench:peers:turns -- --peers floor,holdfast,uws
// The first run of npm run bench:peers installs and compiles what it needs.
import { commandLine } from "../../tools/steps/command_line.mjs";
import { allPeers } from "./lib/peers.mjs";
import { Session } from "./lib/session.mjs";

const usage = `Usage: npm run bench:peers:turns -- [flags]

  --peers a,b           the first is what the others are compared with [floor,holdfast,holdfast-js,uws,socket.io]
  --batch N             publications written at once [1]
  --rounds N            turns of each peer [30]
  --seconds N           length of a turn [0.3]
  --warm N              seconds of the same work before the first [6]
  --subscribers N       of the one channel [1000]
`;

const { values } = commandLine(usage, {
  options: {
    peers: { type: "string", default: "floor,holdfast,holdfast-js,uws,socket.io" },
    batch: { type: "string", default: "1" },
    rounds: { type: "string", default: "30" },
    seconds: { type: "string", default: "0.3" },
    warm: { type: "string", default: "6" },
    subscribers: { type: "string", default: "1000" },
  },
});
const [batch, rounds, seconds, warm, subscribers] = [
  Number(values.batch),
  Number(values.rounds),
  Number(values.seconds),
  Number(values.warm),
  Number(values.subscribers),
];

const median = (/** @type {readonly number[]} */ all) =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

const peers = values.peers.split(",").map((name) => {
  const peer = allPeers().find((each) => each.name === name);
  if (peer === undefined) throw new Error(`--peers: there is no ${name}.`);
  return peer;
});
/** @type {Session[]} */
const sessions = [];
/** Microseconds of the server's processor time for a delivery, of each peer turn by turn. */
const taken = peers.map(() => /** @type {number[]} */ ([]));
try {
  for (const peer of peers) {
    const session = await Session.start(peer, { pinned: true });
    sessions.push(session);
    await session.load("subscribe", subscribers, 1, 200);
    await session.load("publisher");
    await session.load("fan", warm, batch, 1);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, session] of sessions.entries()) {
      const { serverCpuSeconds, received } = await session.measure("fan", seconds, batch, 1);
      taken[index]?.push((serverCpuSeconds * 1e6) / received);
    }
  }
} finally {
  for (const session of sessions) await session.stop();
}

const [first = []] = taken;
for (const [index, { name }] of peers.entries()) {
  const own = taken[index] ?? [];
  const ratio = median(own.map((each, round) => (first[round] ?? 0) / each));
  process.stdout.write(
    `${name.padEnd(14)} ${median(own).toFixed(2)} µs a delivery, ${ratio.toFixed(3)} of ${peers[0]?.name}\n`,
  );
}
