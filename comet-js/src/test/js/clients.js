import { Comet } from "../../comet.js";
import { record, SESSION, settle, World } from "./world.js";

/** A client that was adopted and has had its first answer: connected, its held poll is `world.last`, nothing recorded yet. */
export async function connected(options = {}, session = {}) {
  const client = await adopted(options, session);
  await client.world.last.json([{ id: 0, name: "comet.timeout", contents: { lastMessageId: 10 } }]);
  client.seen.log.length = 0;
  return client;
}

/** A client that was just adopted: its first request is under way. */
export async function adopted(options = {}, session = {}) {
  const world = new World();
  const comet = Comet.adopt("/comet", { ...SESSION, ...session }, { platform: world.platform, ...options });
  const seen = record(comet);
  await settle();
  return { world, comet, seen };
}

/** A client made by connect: it can get itself another session. */
export async function made(options = {}, details = { displayName: "Ada" }) {
  const world = new World();
  const promise = Comet.connect("/comet", details, { platform: world.platform, ...options });
  await settle();
  await world.last.json(SESSION);
  const comet = await promise;
  const seen = record(comet);
  await settle();
  return { world, comet, seen };
}
