// M10: requests of this client and of the server, and their replies.
import { connected, made } from "./clients.js";
import { equal, failure, ok, test } from "./harness.js";
import { message, own, refusal, SESSION, settle } from "./world.js";

const answer = (id, correlationId, contents, name = "comet.reply") => ({ id, name, correlationId, contents });

/** A request that was sent, and the poll that is held beside it. */
async function asked(options) {
  const { world, comet, seen } = await connected(options);
  const poll = world.last;
  const reply = comet.request("light", { on: true }, 5_000);
  const late = failure(reply);
  late.catch(() => {}); // where a test expects a reply
  await settle();
  return { world, comet, seen, poll, reply, late, id: world.last.body?.correlationId, sent: world.last };
}

test("M10 request_sent_carriesACorrelationId", async () => {
  const { sent, id } = await asked();
  ok(/^[A-Za-z0-9_-]{1,64}$/.test(id), `an id, not ${id}`);
  equal([sent.path, sent.body], ["/comet/send", { name: "light", correlationId: id, contents: { on: true } }]);
});

test("M10 request_answeredAtOnce_givesTheReply", async () => {
  for (const value of [{ lumen: 800 }, null, 0, ""]) {
    const { world, sent, reply } = await asked();
    await sent.json(value);
    equal(await reply, value);
    await world.advance(60_000);
  }
});

test("M10 request_answeredByAMessage_givesTheReplyAndMovesTheCursor", async () => {
  const { world, comet, poll, sent, reply, id, seen } = await asked();
  await sent.raw("", 202);
  await poll.json([message(11), answer(12, "another", 1), answer(13, id, { lumen: 800 }), message(14)]);
  equal(await reply, { lumen: 800 });
  equal([comet.lastMessageId, world.last.query.lastMessageId], [14, "14"]);
  equal(seen.ids(), [11, 12, 13, 14]);
});

test("M10 request_refusedByAMessage_rejectsWithItsWords", async () => {
  const { poll, sent, late, id } = await asked();
  await sent.raw("", 202);
  await poll.json([answer(11, id, { code: "timed-out", reason: "no reply within PT5S" }, "comet.refused")]);
  const { code, reason } = await late;
  equal([code, reason], ["timed-out", "no reply within PT5S"]);
});

test("M10 request_refusedAtOnce_rejects", async () => {
  const { sent, late } = await asked();
  await sent.json(refusal("no-such-handler"), 404);
  equal((await late).code, "no-such-handler");
});

test("M10 request_noReply_timesOutHere", async () => {
  const { world, sent, late, poll, id, comet } = await asked();
  await sent.raw("", 202);
  await world.advance(4_999);
  equal(world.timers > 0, true);
  await world.advance(1);
  equal((await late).code, "timed-out");
  await poll.json([answer(11, id, 1)]); // too late: reaches nobody
  equal(comet.lastMessageId, 11);
});

test("M10 request_answerToItLost_waitsForTheMessage", async () => {
  const { sent, poll, reply, id } = await asked();
  await sent.fail();
  await poll.json([answer(11, id, "done")]);
  equal(await reply, "done");
});

test("M10 request_cannotBeWritten_rejects", async () => {
  const { comet } = await connected();
  equal((await failure(comet.request("light", 1n))).code, "parameters-invalid");
});

test("M10 request_clientEnds_rejects", async () => {
  const { comet, late, sent } = await asked();
  await sent.raw("", 202);
  comet.disconnect();
  equal((await late).code, "closed");
  equal((await failure(comet.request("light"))).code, "closed");
});

test("M10 request_sessionLost_rejects", async () => {
  const { world, comet } = await made();
  const poll = world.last;
  const late = failure(comet.request("light"));
  await settle();
  await world.last.raw("", 202);
  await poll.json(refusal("client-does-not-exist"), 404);
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal((await late).code, "client-does-not-exist");
});

test("M10 reply_toARequestOfTheServer_isSent", async () => {
  const { world, comet } = await connected();
  const replies = [];
  comet.on("light.set", (request) => replies.push(request.contents === 1 ? request.reply({ lumen: 800 }) : request.refuse("broken")));
  await world.last.json([answer(11, "c-1", 1, "light.set"), answer(12, "c-2", 2, "light.set")]);
  const [first, second] = world.requests.filter(({ path }) => path === "/comet/reply");
  equal([first.body, second.body], [{ correlationId: "c-1", contents: { lumen: 800 } }, { correlationId: "c-2", refused: "broken" }]);
  await first.raw("", 204);
  await second.json(refusal("already-replied"), 409);
  equal([await replies[0], (await failure(replies[1])).code], [undefined, "already-replied"]);
});

test("M10 message_thatIsNoRequest_cannotBeRepliedTo", async () => {
  const { world, seen } = await connected();
  await world.last.json([message(11), answer(12, "c-1", {}), own("timeout", { lastMessageId: 12 }), answer(13, "c-1", 1, "ask")]);
  equal(seen.log.filter(({ reply }) => reply).map(({ id }) => id), [13]);
  ok(structuredClone(seen.log.at(-2)), "a copy for a worker");
});
