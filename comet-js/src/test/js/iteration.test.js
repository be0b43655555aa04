import { connected, made } from "./clients.js";
import { equal, failure, test } from "./harness.js";
import { message, own, refusal, SESSION, settle } from "./world.js";

/** Reads a client in a loop; `open` lets that many messages through, `words` are what came out. */
function loop(comet, { open = Infinity } = {}) {
  const words = [];
  const gate = { open, go: () => {} };
  const done = (async () => {
    for await (const { id, name, contents } of comet) {
      words.push(id || [name, contents]);
      while (gate.open-- <= 0) await new Promise((resolve) => (gate.go = resolve));
    }
    words.push("end");
  })().catch((error) => words.push(error.code));
  return { words, gate, done };
}

test("L1 iteration_messages_comeInOrderUntilDisconnect", async () => {
  const { world, comet } = await connected();
  const [one, other] = [loop(comet), loop(comet)];
  await world.last.json([message(11), message(12)]);
  await world.advance(25_000);
  await world.last.json([own("timeout", { lastMessageId: 12 })]);
  await world.last.json([own("gap", { from: 13, to: 14, reason: "expired" }), message(15)]);
  comet.disconnect();
  await Promise.all([one.done, other.done]);
  equal(one.words, [11, 12, ["comet.gap", { from: 13, to: 14, reason: "expired" }], 15, "end"]);
  equal(other.words, one.words);
});

test("L1 iteration_left_keepsNothing", async () => {
  const { world, comet, seen } = await connected();
  let handlers = 0;
  comet.on = (...of) => {
    const remove = Object.getPrototypeOf(comet).on.apply(comet, of);
    handlers++;
    return () => (handlers--, remove());
  };
  for (let id = 11; id < 13; id++) {
    const left = (async () => { for await (const m of comet) return m.id; })();
    await settle();
    await world.last.json([message(id)]);
    equal(await left, id);
  }
  equal([handlers, seen.ids()], [0, [11, 12]], "handlers that are left");
});

test("L1 iteration_slow_losesTheOldestAndIsTold", async () => {
  const { world, comet, seen } = await connected({ bufferLimit: 2 });
  const [slow, fast] = [loop(comet, { open: 0 }), loop(comet)];
  for (let id = 11; id <= 16; id++) await world.last.json([message(id)]);
  slow.gate.open = Infinity;
  slow.gate.go();
  await settle();
  equal(slow.words, [11, ["comet.gap", { from: 12, to: 14, reason: "overflow" }], 15, 16]);
  equal([fast.words, seen.ids()], [[11, 12, 13, 14, 15, 16], [11, 12, 13, 14, 15, 16]], "the others");
});

test("L1 iteration_slow_dropsNoGapUntold", async () => {
  const { world, comet } = await connected({ bufferLimit: 1 });
  const slow = loop(comet, { open: 0 });
  await world.last.json([message(11)]);
  await world.last.json([own("gap", { from: 12, to: 20, reason: "expired" }), message(19), message(22)]);
  slow.gate.open = Infinity;
  slow.gate.go();
  await settle();
  equal(slow.words, [11, ["comet.gap", { from: 12, to: 20, reason: "overflow" }], 22]);
});

test("L1 iteration_sessionLost_isToldInItsPlace", async () => {
  const { world, comet } = await made();
  const { words } = loop(comet);
  await settle();
  await world.last.json([message(11)]);
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  await world.last.json([message(12)]);
  equal(words, [11, ["comet.sessionlost", { previous: "pub-1", current: "pub-2" }], 12]);
});

test("L1 iteration_paused_waits", async () => {
  const { world, comet } = await connected();
  const { words } = loop(comet);
  await settle();
  comet.unsubscribe();
  await settle();
  comet.subscribe();
  await world.last.json([message(11)]);
  equal(words, [11]);
});

for (const [name, answer, code] of [
  ["superseded", (r) => r.json([message(11), own("superseded")], 409), "superseded"],
  ["lost", (r) => r.json(refusal("client-does-not-exist"), 404), "client-does-not-exist"],
  ["refused", (r) => r.json(refusal("refused"), 403), "refused"],
  ["closedForOverflow", (r) => r.json([own("closed", { reason: "overflow" })]), "closed"],
])
  test(`L1 iteration_${name}_throws`, async () => {
    const { world, comet } = await connected();
    const running = loop(comet);
    await world.advance(1_000);
    await answer(world.last);
    await running.done;
    equal(running.words.at(-1), code);
    equal((await failure(comet[Symbol.asyncIterator]().next())).code, code, "a loop that begins afterwards");
  });

test("L1 iteration_closedByTheServerOrderly_ends", async () => {
  const { world, comet } = await connected();
  const running = loop(comet);
  await settle();
  await world.last.json([message(11), own("closed", { reason: "disconnected" })]);
  await running.done;
  equal(running.words, [11, "end"]);
});

test("L1 iteration_leftWhileItWaits_endsAtOnce", async () => {
  const { comet } = await connected();
  const messages = comet[Symbol.asyncIterator]();
  const results = [messages.next(), messages.next(), messages.return(), messages.next()];
  equal((await Promise.all(results)).map(({ done, value }) => [done, value]), Array(4).fill([true, undefined]));
});

test("L1 iteration_begun_missesNothingBeforeItIsRead", async () => {
  const { world, comet } = await connected();
  const messages = comet[Symbol.asyncIterator]();
  await world.last.json([message(11), message(12)]);
  const results = await Promise.all([messages.next(), messages.next()]);
  equal(results.map(({ value }) => value.id), [11, 12]);
});

test("L1 iteration_readBetweenTheEndAndItsLastMessage_missesNothing", async () => {
  const { world, comet } = await connected();
  const messages = comet[Symbol.asyncIterator]();
  let last;
  comet.on("chat.said", () => (last = messages.next())); // the client is closed already, the loop has not heard of the message yet
  await world.last.json([message(11), own("closed", { reason: "disconnected" })]);
  equal([(await last).value?.id, (await messages.next()).done], [11, true]);
});

test("L1 iteration_slow_isToldOfAllSessionsThatWent", async () => {
  const { world, comet } = await made({ bufferLimit: 1 });
  const slow = loop(comet, { open: 0 });
  await world.last.json([message(11), message(12)]);
  for (const name of ["pub-2", "pub-3"]) {
    await world.last.json(refusal("client-does-not-exist"), 404);
    await world.advance(1_000);
    await world.last.json({ ...SESSION, publicToken: name, lastMessageId: 0 });
    await world.last.json([message(1), message(2), message(3)]);
  }
  slow.gate.open = Infinity;
  slow.gate.go();
  await settle();
  equal(slow.words, [
    11,
    ["comet.sessionlost", { previous: "pub-1", current: "pub-3" }],
    ["comet.gap", { from: 1, to: 2, reason: "overflow" }],
    3,
  ]);
});

test("L1 iteration_slow_isToldThatIdsBeganAnew", async () => {
  const { world, comet } = await connected({ bufferLimit: 1 });
  const slow = loop(comet, { open: 0 });
  await world.last.json([message(100), message(101)]);
  await world.last.json([own("gap", { from: 1, to: 7, reason: "unknown-cursor" }), message(8), message(9)]);
  slow.gate.open = Infinity;
  slow.gate.go();
  await settle();
  equal(slow.words, [100, ["comet.gap", { from: 1, to: 101, reason: "unknown-cursor" }], 9]);
});
