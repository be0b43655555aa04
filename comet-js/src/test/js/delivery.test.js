import { adopted, connected } from "./clients.js";
import { equal, ok, test } from "./harness.js";
import { message, own, settle } from "./world.js";

test("L4 unsubscribe_requestHeld_isAbortedAtOnceAndGoesOnLater", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json([message(12)]);
  const poll = world.last;
  comet.unsubscribe();
  equal([poll.aborted, comet.state], [true, "paused"]);
  const before = world.requests.length;
  await world.advance(100_000);
  equal([world.requests.length, world.timers, seen.named("comet.failure")], [before, 0, []], "nothing goes on");
  comet.subscribe();
  equal([world.last.query, comet.state], [{ lastMessageId: "12", hold: "0" }, "connecting"]);
  await world.last.json([message(13)]);
  equal([seen.ids(), seen.states()], [[12, 13], ["paused", "connecting", "connected"]]);
});

test("L4 unsubscribe_lateAnswer_movesNothing", async () => {
  const { world, comet, seen } = await connected();
  world.deaf = true;
  const poll = world.last;
  comet.unsubscribe();
  await poll.json([message(11)]);
  equal([seen.ids(), comet.lastMessageId, comet.state], [[], 10, "paused"]);
});

test("L4 unsubscribe_whileWaiting_endsTheWait", async () => {
  const { world, comet } = await connected();
  await world.last.fail();
  comet.unsubscribe();
  equal([comet.state, world.timers], ["paused", 0]);
  const before = world.requests.length;
  comet.subscribe();
  await settle();
  equal(world.requests.length, before + 1, "asks at once, once");
});

test("L4 unsubscribe_twiceAndSubscribeTwice_countOnce", async () => {
  const { world, comet, seen } = await connected();
  comet.unsubscribe();
  comet.unsubscribe();
  comet.subscribe();
  comet.subscribe();
  await settle();
  equal([world.requests.filter((r) => !r.aborted).length, seen.states()], [2, ["paused", "connecting"]], "the answered one and one more");
});

test("L4 unsubscribe_ended_changesNothing", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json([own("closed", { reason: "disconnected" })]);
  comet.unsubscribe();
  equal([comet.state, seen.states()], ["closed", ["closed"]]);
});

test("L4 unsubscribe_inAHandler_stillHandsOverTheAnswer", async () => {
  const { world, comet, seen } = await connected();
  comet.on("chat.said", ({ id }) => id === 11 && comet.unsubscribe());
  await world.last.json([message(11), message(12)]);
  equal([seen.names(), comet.lastMessageId], [["11", "12", "success", "state"], 12]);
  ok(world.last.aborted, "the next poll, which was on its way");
  comet.subscribe();
  equal(world.last.query.lastMessageId, "12");
});

test("L4 resubscribe_inAHandler_leavesOneRequest", async () => {
  const { world, comet, seen } = await connected();
  comet.on("chat.said", () => { comet.unsubscribe(); comet.subscribe(); });
  await world.last.json([message(11), message(12)]);
  equal(world.requests.slice(2).filter((r) => !r.aborted).length, 1);
  await world.last.json([message(13)]);
  equal(seen.ids(), [11, 12, 13]);
});

test("L5 poll_messages_nextLeavesBeforeTheFirstHandler", async () => {
  const { world, comet } = await connected();
  const observed = [];
  comet.on("*", ({ id }) => observed.push([id, world.last.query.lastMessageId]));
  comet.on("comet.success", () => observed.push(["success", world.last.query.lastMessageId]));
  await world.last.json([message(11), message(12)]);
  equal(observed, [[11, "12"], [12, "12"], ["success", "12"]]);
});

test("L5 poll_stateChange_nextLeavesBeforeTheFirstHandler", async () => {
  const { world, comet } = await adopted();
  const observed = [];
  comet.on("comet.state", ({ contents }) => observed.push([contents.to, world.requests.length]));
  await world.last.json([own("timeout", { lastMessageId: 10 })]);
  equal(observed, [["connected", 2]]);
});

test("L5 handler_thatNeverFinishes_delaysNothing", async () => {
  const { world, comet, seen } = await connected();
  comet.on("chat.said", () => new Promise(() => {}));
  await world.last.json([message(11)]);
  await world.last.json([message(12)]);
  equal(seen.ids(), [11, 12]);
});

test("L5 handler_throwsOrIsRejected_stopsNothing", async () => {
  const { world, comet } = await connected();
  const calls = [];
  comet.on("chat.said", () => { throw new Error("thrown"); });
  comet.on("chat.said", async () => { throw new Error("rejected"); });
  comet.on("chat.said", ({ id }) => calls.push(id));
  comet.on("comet.handlererror", ({ contents: { error, message: m } }) => calls.push(`${error.message} at ${m.id}`));
  await world.last.json([message(11), message(12)]);
  equal(calls.filter(Number), [11, 12]);
  equal(calls.filter(isNaN).sort(), ["rejected at 11", "rejected at 12", "thrown at 11", "thrown at 12"]);
  equal([comet.state, world.last.query.lastMessageId], ["connected", "12"]);
});

test("L5 handler_throwsUnheard_isReportedAsUncaught", async () => {
  const { world, comet } = await connected();
  const reported = [];
  const [before, print] = [globalThis.reportError, console.error];
  globalThis.reportError = (error) => reported.push(error.message);
  try {
    const remove = comet.on("chat.said", () => { throw new Error("thrown"); });
    await world.last.json([message(11)]);
    remove();
    comet.on("chat.said", () => { throw new Error("thrown again"); });
    comet.on("comet.handlererror", () => { throw new Error("by the handler of errors"); });
    await world.last.json([message(12)]);
    globalThis.reportError = undefined;
    console.error = (error) => reported.push(`printed: ${error.message}`);
    await world.last.json([message(13)]);
  } finally {
    [globalThis.reportError, console.error] = [before, print];
  }
  equal(reported, ["thrown", "by the handler of errors", "printed: by the handler of errors"]);
});

test("L5 handlers_callTheClient_areNeverCalledWithinEachOther", async () => {
  const { world, comet } = await connected();
  const calls = [];
  comet.on("chat.said", ({ id }) => { calls.push(`${id} in`); comet.unsubscribe(); comet.subscribe(); calls.push(`${id} out`); });
  comet.on("chat.said", ({ id }) => calls.push(`${id} second`));
  comet.on("comet.state", ({ contents }) => calls.push(contents.to));
  await world.last.json([message(11)]);
  equal(calls, ["11 in", "11 out", "11 second", "paused", "connecting"]);
});

test("L5 handlers_addedAndRemovedMeanwhile_countFromTheNextAndAtOnce", async () => {
  const { world, comet } = await connected();
  const calls = [];
  comet.on("chat.said", ({ id }) => {
    if (id !== 11) return;
    removeSecond();
    comet.on("chat.said", (m) => calls.push(`new ${m.id}`));
  });
  const removeSecond = comet.on("chat.said", (m) => calls.push(`second ${m.id}`));
  await world.last.json([message(11), message(12)]);
  equal(calls, ["new 12"]);
});

test("L5 lastMessageId_inAHandler_isItsOwnMessage", async () => {
  const { world, comet } = await connected();
  const stored = [];
  comet.on("chat.said", () => stored.push(comet.lastMessageId));
  comet.on("comet.success", () => stored.push(comet.session().lastMessageId));
  await world.last.json([message(11), message(12), own("cursor", { lastMessageId: 20 })]);
  equal(stored, [11, 12, 20]);
});
