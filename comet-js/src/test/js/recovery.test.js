import { adopted, connected } from "./clients.js";
import { equal, ok, test } from "./harness.js";
import { message, own, refusal } from "./world.js";

const FAULTS = {
  lostNetwork: (r) => r.fail(),
  cutAnswer: (r) => r.cut(),
  cutJson: (r) => r.raw('[{"id":11,"name":"chat.sa', 200, { "Content-Type": "application/json" }),
  proxyPageWith200: (r) => r.raw("<html>Please log in</html>", 200, { "Content-Type": "text/html" }),
  wrongContentType: (r) => r.raw(JSON.stringify([message(11)]), 200, { "Content-Type": "text/plain" }),
  jsonOfAnother: (r) => r.json({ status: "ok" }),
  arrayOfAnother: (r) => r.json([message(11), "hello"]),
  ownMessageWithoutContents: (r) => r.json([{ id: 0, name: "comet.gap" }]),
  gapWithoutRange: (r) => r.json([message(11), own("gap", { reason: "unknown-cursor" })]),
  idTooLarge: (r) => r.json([message(2 ** 53)]),
  emptyBody: (r) => r.raw("", 200),
  emptyArray: (r) => r.json([]),
  badGateway: (r) => r.raw("<html>502</html>", 502, { "Content-Type": "text/html" }),
  handlerOfServerFailed: (r) => r.json(refusal("provider-unavailable"), 503),
  notFoundByProxy: (r) => r.raw("<html>404</html>", 404, { "Content-Type": "text/html" }),
  forbiddenByProxy: (r) => r.json({ message: "forbidden" }, 403),
  tooManyRequests: (r) => r.json(refusal("too-many-requests"), 429),
  silence: (r, world) => world.advance(35_000),
};

for (const [name, fault] of Object.entries(FAULTS))
  test(`L2 poll_${name}_waitsAndAsksAgainFromTheSameMessage`, async () => {
    const { world, comet, seen } = await connected();
    await fault(world.last, world);
    const [{ error, ...told }] = seen.named("comet.failure");
    equal(told, { attempt: 1, permanent: false, retryInMillis: 250 }, "what the application is told");
    ok(error.message.startsWith(error.code) && !error.message.includes("secret"), "an error with a code and without secrets");
    equal([comet.state, comet.lastMessageId, seen.ids()], ["reconnecting", 10, []]);
    const before = world.requests.length;
    await world.advance(249);
    equal(world.requests.length, before, "requests before the wait is over");
    await world.advance(1);
    equal(world.last.query, { lastMessageId: "10", hold: "0" });
    await world.last.json([message(11)]);
    const { hold, ...query } = world.last.query; // a shorter hold where the poll seems to have been held for too long
    equal([comet.state, comet.lastMessageId, query, hold], ["connected", 11, { lastMessageId: "11" }, name === "silence" ? "17" : undefined]);
    equal(seen.names(), ["failure", "state", "state", "11", "success"]);
  });

const waits = (seen) => seen.named("comet.failure").map(({ retryInMillis }) => retryInMillis);

test("L2 backoff_failuresInARow_doublesUpTo30Seconds", async () => {
  const { world, seen } = await connected();
  for (let i = 0; i < 9; i++) {
    await world.last.fail();
    await world.advance(waits(seen).at(-1));
  }
  equal(waits(seen), [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000], "waits at half of the range");
  equal(seen.states(), ["reconnecting", "disconnected"]);
  await world.last.json([message(11)]);
  equal(seen.states(), ["reconnecting", "disconnected", "connected"]);
});

test("L2 backoff_manyClients_isSpreadOverTheWholeRange", async () => {
  for (const [dice, wait] of [[0, 0], [0.25, 125], [0.999, 500]]) {
    const { world, seen } = await connected();
    world.dice = dice;
    await world.last.fail();
    equal(waits(seen), [wait]);
  }
});

test("L2 backoff_afterAnAnsweredHold_startsOver", async () => {
  const { world, seen } = await connected();
  for (let i = 0; i < 5; i++) {
    await world.last.fail();
    await world.advance(waits(seen).at(-1));
  }
  await world.last.json([own("timeout", { lastMessageId: 10 })]); // the answer at once
  await world.advance(25_000);
  await world.last.json([own("timeout", { lastMessageId: 10 })]); // the held one
  await world.last.fail();
  equal(seen.named("comet.failure").at(-1).attempt, 1);
});

test("L2 backoff_onlyAnswersAtOnceGetThrough_keepsGrowing", async () => {
  const { world, seen } = await connected();
  for (let i = 0; i < 5; i++) {
    await world.last.fail(); // a held one
    await world.advance(waits(seen).at(-1));
    await world.last.json([own("timeout", { lastMessageId: 10 })]);
  }
  equal(waits(seen), [250, 500, 1_000, 2_000, 4_000]);
});

test("L2 retryAfter_given_isWaitedForAndSpread", async () => {
  const { world, seen } = await connected();
  await world.last.json(refusal("draining"), 503, { "Retry-After": "4" });
  equal([waits(seen), seen.named("comet.failure")[0].error.retryAfterSeconds], [[4_250], 4]);
  const before = world.requests.length;
  await world.advance(4_249);
  equal(world.requests.length, before);
  await world.advance(1);
  equal(world.requests.length, before + 1);
});

test("L2 retryAfter_absurd_isLimitedAndNeverAtOnce", async () => {
  for (const [value, wait] of [["99999999999", 300_250], ["soon", 250], ["-5", 250], ["", 250]]) {
    const { world, seen } = await connected();
    await world.last.json(refusal("draining"), 503, { "Retry-After": value });
    equal(waits(seen), [wait], `waits for Retry-After: ${value}`);
  }
});

for (const [type, visibilityState, cut] of [
  ["online", "hidden", true],
  ["visibilitychange", "visible", true],
  ["visibilitychange", "hidden", false],
])
  test(`L2 wait_${type}While${visibilityState}_${cut ? "isCutShort" : "goesOn"}`, async () => {
    const { world } = await connected();
    world.dice = 0.9;
    await world.last.fail();
    world.page.document.visibilityState = visibilityState;
    const before = world.requests.length;
    await world.fire(type);
    equal(world.requests.length - before, cut ? 1 : 0, "requests");
    await world.advance(10_000);
    equal(world.requests.length - before, 1, "requests in the end");
  });

test("L2 events_afterTheEnd_areNotListenedTo", async () => {
  const { world, comet } = await connected();
  comet.unsubscribe();
  const before = world.requests.length;
  await world.fire("online");
  await world.fire("pageshow", { persisted: true });
  equal([world.requests.length, world.timers], [before, 0]);
});

for (const [code, status] of [["parameters-invalid", 400], ["token-missing", 401], ["refused", 403], ["no-such-endpoint", 404]])
  test(`L2 poll_${code}_stopsAndSaysSo`, async () => {
    const { world, comet, seen } = await connected();
    await world.last.json(refusal(code), status);
    const [{ error, ...told }] = seen.named("comet.failure");
    equal([told, error.code, error.status], [{ attempt: 1, permanent: true }, code, status]);
    equal([comet.state, seen.names()], ["lost", ["failure", "state"]]);
    const before = world.requests.length;
    await world.advance(100_000);
    equal([world.requests.length, world.timers], [before, 0]);
    comet.subscribe();
    equal(world.last.query.lastMessageId, "10", "tries again when asked to");
  });

test("L2 poll_nothingButRepetitions_isNoStorm", async () => {
  const { world, seen } = await connected();
  await world.last.json([message(11)]);
  await world.last.json([message(11)]);
  equal([seen.ids(), waits(seen)], [[11], [250]]);
});

test("L2 poll_endOfHoldFromACache_isNoStorm", async () => {
  const { world, seen } = await connected();
  await world.advance(1_000);
  await world.last.json([own("timeout", { lastMessageId: 10 })]); // as a server with a hold of 1 s answers
  equal(waits(seen), []);
  await world.advance(499);
  await world.last.json([own("timeout", { lastMessageId: 10 })]);
  equal([waits(seen), seen.names()], [[250], ["timeout", "success", "failure", "state"]]);
});

test("L9 silence_beyondTheHoldAnd10Seconds_isAFailure", async () => {
  const { world, comet, seen } = await connected();
  const poll = world.last;
  await world.advance(34_999);
  equal([poll.aborted, seen.names()], [false, []]);
  await world.advance(1);
  equal([poll.aborted, comet.state, seen.named("comet.failure")[0].error.code], [true, "reconnecting", "silence"]);
});

test("L9 silence_tokensOfAnotherHold_isJudgedByThat", async () => {
  const { world, seen } = await connected({}, { connectionTimeoutSeconds: 60 });
  await world.advance(69_999);
  equal(seen.names(), []);
  await world.advance(1);
  equal(seen.named("comet.failure")[0].error.code, "silence");
});

test("L9 silence_toTheQuestionAtOnce_isJudgedSooner", async () => {
  const { world, seen } = await adopted();
  await world.advance(10_000);
  equal(seen.named("comet.failure")[0].error.code, "silence");
});

test("L9 sleep_ofTheMachine_asksAgainAtOnceAndReportsNothing", async () => {
  const { world, comet, seen } = await connected();
  const poll = world.last;
  await world.advance(2_000);
  world.sleep(3_600_000);
  await world.advance(5_000);
  equal([poll.aborted, world.last.query], [true, { lastMessageId: "10", hold: "0" }]);
  equal([comet.state, seen.names()], ["connected", []]);
  await world.last.json([message(11)]);
  equal(seen.names(), ["11", "success"]);
});

test("L9 sleep_andTheAnswerWasThereAlready_usesIt", async () => {
  const { world, seen } = await connected();
  world.sleep(3_600_000);
  await world.last.json([message(11)]);
  equal([seen.names(), world.requests.filter((r) => r.aborted).length], [["11", "success"], 0]);
});

test("L9 sleep_endsInSilence_isAFailureAfterAll", async () => {
  const { world, seen } = await connected();
  for (let i = 0; i < 2; i++) {
    world.sleep(3_600_000);
    await world.advance(5_000);
  }
  equal(seen.named("comet.failure").map(({ error }) => error.code), ["slept"]);
});

test("L9 sleep_shorterThanTheLimit_isNotHeldAgainstTheServerLater", async () => {
  const { world, seen } = await connected();
  await world.advance(1_000);
  world.sleep(29_000);
  await world.advance(4_000); // the late slice: 34 s have passed
  equal(world.requests.filter((r) => r.aborted).length, 0);
  await world.advance(1_000);
  equal([world.requests.filter((r) => r.aborted).length, seen.names()], [1, []]);
});

test("L9 frozenTab_timersLate_asksAgainAndReportsNothing", async () => {
  const { world, comet, seen } = await connected();
  await world.freeze(600_000);
  equal([world.last.query, comet.state, seen.names()], [{ lastMessageId: "10", hold: "0" }, "connected", []]);
});

test("L9 clock_setBack_doesNotStretchTheLimit", async () => {
  const { world, seen } = await connected();
  world.sleep(-3_600_000);
  await world.advance(35_000);
  equal(seen.named("comet.failure")[0].error.code, "silence");
});

test("L9 pageVisible_requestOverdue_asksAgainAtOnce", async () => {
  const { world, seen } = await connected();
  const poll = world.last;
  await world.fire("visibilitychange");
  ok(!poll.aborted, "a young request goes on");
  world.sleep(3_600_000);
  await world.fire("visibilitychange");
  equal([poll.aborted, seen.names()], [true, []]);
});

test("L9 online_requestUnderWay_startsItAgain", async () => {
  const { world, seen } = await connected();
  const poll = world.last;
  await world.fire("online");
  equal([poll.aborted, world.last.query, seen.names()], [true, { lastMessageId: "10", hold: "0" }, []]);
});

test("L8 page_intoTheCacheAndBack_keepsNoRequestAndGoesOn", async () => {
  for (const transport of ["poll", "auto"]) {
    const { world, comet, seen } = await connected({ transport });
    const [request, before] = [world.last, world.requests.length];
    await world.fire("pagehide", { persisted: false });
    ok(!request.aborted, "a page that ends needs no care");
    await world.fire("pagehide", { persisted: true });
    equal([request.aborted, world.requests.length, world.timers], [true, before, 0], "in the cache");
    await world.fire("pageshow", { persisted: true });
    await world.fire("pageshow", { persisted: true });
    equal([world.requests.length, world.last.query.lastMessageId, comet.state, seen.names()], [before + 1, "10", "connected", []]);
  }
});

test("L8 page_endedInTheCache_staysEnded", async () => {
  const { world, comet } = await connected();
  await world.fire("pagehide", { persisted: true });
  comet.unsubscribe();
  await world.fire("pageshow", { persisted: true });
  equal([comet.state, world.requests.length], ["paused", 2]);
});

test("L2 server_goesAway_comesBackAfterTheDelay", async () => {
  const { world, comet, seen } = await connected();
  const before = world.requests.length;
  await world.last.json([message(11), own("reconnect", { delayMillis: 3_000 })]);
  equal([comet.state, seen.names()], ["reconnecting", ["11", "reconnect", "success", "state"]]);
  await world.advance(2_999);
  equal(world.requests.length, before);
  await world.advance(1);
  equal(world.last.query, { lastMessageId: "11", hold: "0" });
  equal(seen.named("comet.failure"), [], "going away is no failure");
});
