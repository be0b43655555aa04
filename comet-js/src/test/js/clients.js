import { Comet } from "../../comet.js";
import { own, record, SESSION, settle, World } from "./world.js";

/** A client that was adopted and has had its first answer: connected, its held poll is `world.last`, nothing recorded yet. */
export async function connected(options = {}, session = {}) {
  const client = await adopted(options, session);
  if (client.comet.transport === "poll") await client.world.last.json([{ id: 0, name: "comet.timeout", contents: { lastMessageId: 10 } }]);
  else await streams(client.world);
  client.seen.log.length = 0;
  return client;
}

/** The request that is under way becomes a stream, which says so. */
export async function streams(world, cursor = 10) {
  await world.last.stream();
  await world.last.push(beat(cursor));
}

export const beat = (lastMessageId, lastSentId = 0) => own("heartbeat", { lastMessageId, lastSentId, nextInSeconds: 15 });

/** A client that was just adopted: its first request is under way. */
export async function adopted(options = {}, session = {}) {
  const world = new World();
  const comet = Comet.adopt("/comet", { ...SESSION, ...session }, { platform: world.platform, transport: "poll", ...options });
  const seen = record(comet);
  await settle();
  return { world, comet, seen };
}

/** A client made by connect: it can get itself another session. */
export async function made(options = {}, details = { displayName: "Ada" }) {
  const world = new World();
  const promise = Comet.connect("/comet", details, { platform: world.platform, transport: "poll", ...options });
  await settle();
  await world.last.json(SESSION);
  const comet = await promise;
  const seen = record(comet);
  await settle();
  return { world, comet, seen };
}
