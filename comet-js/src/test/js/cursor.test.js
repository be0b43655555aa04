import { adopted, connected, made } from "./clients.js";
import { equal, ok, test } from "./harness.js";
import { message, own, refusal, SESSION, settle } from "./world.js";

test("L3 messages_repeated_areDropped", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json([message(11), message(14)]);
  await world.last.json([message(9), message(11), message(14), message(15)]);
  equal([seen.ids(), comet.lastMessageId, world.last.query.lastMessageId], [[11, 14, 15], 15, "15"]);
});

test("L3 cursor_timeoutAndCursorMessages_moveItUpOnly", async () => {
  const { world, comet } = await connected();
  await world.last.json([own("timeout", { lastMessageId: 40 })]);
  equal(world.last.query.lastMessageId, "40");
  await world.last.json([message(41), own("cursor", { lastMessageId: 60 })]);
  equal(world.last.query.lastMessageId, "60");
  await world.last.json([own("timeout", { lastMessageId: 12 })]);
  equal([world.last.query.lastMessageId, comet.lastMessageId], ["60", 60]);
});

test("L3 messages_ofTheProtocolUnknown_areIgnored", async () => {
  const { world, seen } = await connected();
  await world.last.json([own("weather", { rain: true }), message(11), own("state", { from: "closed", to: "open" })]);
  equal([seen.names(), world.last.query.lastMessageId], [["11", "success"], "11"]);
});

test("L3 gap_overflow_isToldBeforeLaterMessages", async () => {
  const { world, seen } = await connected();
  await world.last.json([own("gap", { from: 11, to: 20, reason: "overflow" }), message(15), message(21)]);
  equal(seen.names(), ["gap", "15", "21", "success"]);
  equal(seen.named("comet.gap"), [{ from: 11, to: 20, reason: "overflow" }]);
});

test("L3 gap_repeated_isToldOnce", async () => {
  const { world, seen } = await connected();
  await world.last.json([own("gap", { from: 11, to: 20, reason: "overflow" }), message(21)]);
  await world.last.json([own("gap", { from: 11, to: 20, reason: "overflow" }), message(21), message(22)]);
  equal(seen.names(), ["gap", "21", "success", "22", "success"]);
});

test("L3 gap_unknownCursor_setsTheCursorEvenBack", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json([message(100)]);
  await world.last.json([own("gap", { from: 1, to: 7, reason: "unknown-cursor" }), message(8)]);
  equal([seen.ids(), comet.lastMessageId, world.last.query.lastMessageId], [[100, 8], 8, "8"]);
  await world.last.json([message(9)]);
  equal(seen.ids(), [100, 8, 9]);
});

test("L3 sessionLost_madeByConnect_connectsAgainWithTheSameDetails", async () => {
  const { world, comet, seen } = await made();
  await world.last.json([message(11)]);
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([world.last.path, world.last.body, comet.state], ["/comet/connect", { displayName: "Ada" }, "reconnecting"]);
  equal(seen.named("comet.sessionlost"), [], "told only when there is a new one");
  await world.last.json({ ...SESSION, publicToken: "pub-2", privateToken: "secret-2", lastMessageId: 5 });
  equal([world.last.query, world.last.init.headers["Comet-Token"]], [{ lastMessageId: "5" }, "secret-2"]);
  equal([comet.publicToken, comet.lastMessageId, comet.state], ["pub-2", 5, "connected"]);
  await world.last.json([message(6)]);
  equal([world.last.path, world.last.query], ["/comet/poll", { lastMessageId: "6" }], "goes on with the new session");
  equal(seen.names(), ["11", "success", "state", "sessionlost", "state", "6", "success"]);
  equal(seen.named("comet.sessionlost"), [{ previous: "pub-1", current: "pub-2" }]);
  comet.send("chat.say");
  equal(world.last.init.headers["Comet-Token"], "secret-2", "send uses the new session");
});

test("L3 sessionLost_adopted_stops", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([comet.state, seen.names()], ["lost", ["sessionlost", "state"]]);
  equal(seen.named("comet.sessionlost"), [{ previous: "pub-1", current: null }]);
  const before = world.requests.length;
  await world.advance(100_000);
  equal([world.requests.length, world.timers], [before, 0]);
});

test("L3 sessionLost_adoptedWithReconnect_asksTheApplication", async () => {
  let calls = 0;
  const reconnect = async () => {
    if (++calls === 1) throw new Error("not logged in yet");
    return { ...SESSION, publicToken: "pub-2", lastMessageId: 0 };
  };
  const { world, comet, seen } = await connected({ reconnect });
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([calls, comet.state, seen.named("comet.failure")[0].error.code], [1, "reconnecting", "reconnect-failed"]);
  await world.advance(250);
  equal([calls, comet.state, world.last.query], [2, "connected", { lastMessageId: "0" }]);
});

test("L3 sessionLost_reconnectNeverAnswers_isAskedAgain", async () => {
  const signals = [];
  const reconnect = (signal) => new Promise(() => signals.push(signal));
  const { world, seen } = await connected({ reconnect, timeoutMillis: 5_000 });
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.advance(5_250);
  equal([seen.named("comet.failure").map(({ error }) => error.code), signals.map(({ aborted }) => aborted)], [["silence"], [true, false]]);
});

test("L3 sessionLost_reconnectFailsInTheServersWords_isNoStorm", async () => {
  let calls = 0;
  const { world, comet } = await connected({ reconnect: () => { calls++; return comet.send("login"); } });
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([calls, comet.state, world.timers], [1, "reconnecting", 1]);
});

test("L3 sessionLost_reconnectOff_stops", async () => {
  const { world, comet } = await made({ reconnect: false });
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([comet.state, world.last.path], ["lost", "/comet/poll"]);
});

test("L3 sessionLost_connectFails_triesAgainWithBackoff", async () => {
  const { world, comet, seen } = await made();
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.fail();
  await world.advance(250);
  await world.last.raw("<html>", 502, { "Content-Type": "text/html" });
  await world.advance(500);
  equal(seen.named("comet.failure").map((f) => [f.error.code, f.attempt, f.retryInMillis]), [["network", 1, 250], ["unexpected-status", 2, 500]]);
  equal(world.requests.map((r) => r.path).slice(2), ["/comet/connect", "/comet/connect", "/comet/connect"]);
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal([comet.state, comet.publicToken], ["connected", "pub-2"]);
});

test("L3 sessionLost_connectRefused_isLost", async () => {
  const { world, comet, seen } = await made();
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.json(refusal("refused"), 403);
  equal([comet.state, seen.named("comet.failure")[0].permanent], ["lost", true]);
});

test("L3 sessionLost_nameStillTakenByTheGhostOfALostAnswer_triesAgain", async () => {
  const { world, comet } = await made();
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.fail(); // the server has made a session, nobody knows its tokens
  await world.advance(250);
  await world.last.json(refusal("client-already-exists"), 409);
  equal(comet.state, "disconnected");
  await world.advance(500);
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal(comet.state, "connected");
});

test("L3 sessionLost_againAndAgain_isNoStorm", async () => {
  const { world, seen } = await made();
  for (let i = 0; i < 4; i++) {
    await world.last.json(refusal("client-does-not-exist"), 404);
    await world.advance(seen.named("comet.failure").at(-1)?.retryInMillis ?? 0);
    await world.last.json(SESSION);
  }
  equal(seen.named("comet.failure").map(({ retryInMillis }) => retryInMillis), [250, 500, 1_000]);
});

test("L3 sessionLost_afterALongOutage_connectsAtOnce", async () => {
  const { world, seen } = await made();
  for (let i = 0; i < 8; i++) {
    await world.last.fail();
    await world.advance(seen.named("comet.failure").at(-1).retryInMillis);
  }
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal(world.last.path, "/comet/connect");
});

test("L3 sessionLost_unsubscribedWhileConnecting_usesNoLateSession", async () => {
  const { world, comet, seen } = await made();
  await world.last.json(refusal("client-does-not-exist"), 404);
  const connect = world.last;
  comet.unsubscribe();
  ok(connect.aborted, "connect is aborted");
  await connect.json({ ...SESSION, publicToken: "pub-2" });
  equal([comet.publicToken, comet.state, seen.named("comet.sessionlost")], ["pub-1", "paused", []]);
  comet.subscribe();
  equal(world.last.path, "/comet/connect", "goes on with what it was about");
});

test("L3 sessionLost_againMuchLater_connectsAtOnce", async () => {
  const { world } = await made();
  for (let i = 0; i < 2; i++) {
    await world.last.json(refusal("client-does-not-exist"), 404);
    await world.last.json(SESSION);
    await world.advance(25_000);
    await world.last.json([own("timeout", { lastMessageId: 10 })]);
  }
  equal(world.requests.map(({ path }) => path.slice("/comet/".length)).join(" "), "connect poll connect poll poll connect poll poll");
});

test("L3 sessionLost_unsubscribedWhileTheApplicationReconnects_usesNoLateSession", async () => {
  let give;
  const { world, comet, seen } = await connected({ reconnect: () => new Promise((resolve) => (give = resolve)) });
  await world.last.json(refusal("client-does-not-exist"), 404);
  comet.unsubscribe();
  const before = world.requests.length;
  give({ ...SESSION, publicToken: "pub-2" });
  await settle();
  equal([comet.publicToken, comet.state, seen.named("comet.sessionlost"), world.requests.length], ["pub-1", "paused", [], before]);
});

test("L3 superseded_byAnother_stopsUntilSubscribed", async () => {
  const { world, comet, seen } = await connected();
  await world.advance(1_000);
  await world.last.json([own("superseded")], 409);
  equal([comet.state, seen.names(), world.timers], ["superseded", ["superseded", "state"], 0]);
  comet.subscribe();
  equal([comet.state, world.last.query], ["connecting", { lastMessageId: "10", hold: "0" }]);
});

test("L3 superseded_in200_stopsToo", async () => {
  const { world, comet } = await connected();
  await world.last.json([own("superseded")]);
  equal(comet.state, "superseded");
});

test("L3 superseded_byOurOwnOlderRequest_asksAgain", async () => {
  const { world, comet, seen } = await connected();
  const own409 = () => world.last.json([own("superseded", { instance: world.last.instance })], 409);
  for (const wait of [0, 6_000, 20_000]) {
    await world.advance(wait); // however late it comes: nobody else is there
    await own409();
    equal([seen.named("comet.superseded"), seen.named("comet.failure").at(-1).error.code], [[], "overtaken"]);
    await world.advance(1_000);
    await world.last.json([own("timeout", { lastMessageId: 10 })]);
    equal(comet.state, "connected");
  }
});

test("L3 superseded_byAnotherInstance_isBelieved", async () => {
  for (const contents of [{}, { instance: 1 }]) {
    const { world, comet } = await adopted();
    comet.unsubscribe(); // this request may reach the server after the next one: that would not make it another's
    comet.subscribe();
    await world.last.json([own("superseded", contents)], 409);
    equal(comet.state, "superseded");
  }
});

test("L3 closed_byTheServer_handsOverTheRestAndStops", async () => {
  const { world, comet, seen } = await connected();
  await world.last.json([message(11), own("closed", { reason: "overflow" })]);
  equal([comet.state, seen.names()], ["closed", ["11", "success", "closed", "state"]]);
  equal([seen.named("comet.closed"), world.timers], [[{ reason: "overflow" }], 0]);
});

test("L3 answer_afterSilence_movesNothing", async () => {
  const { world, comet, seen } = await connected();
  world.deaf = true; // a fetch that does not notice that it was aborted
  const old = world.last;
  await world.advance(35_250);
  ok(old !== world.last, "a newer request is under way");
  await old.json([message(99)]);
  equal([seen.ids(), comet.lastMessageId, comet.state], [[], 10, "reconnecting"]);
  await world.last.json([message(11)]);
  equal(seen.ids(), [11]);
});

test("L3 lostSessionOfAnOldRequest_movesNothing", async () => {
  const { world, comet } = await connected();
  world.deaf = true;
  const old = world.last;
  comet.unsubscribe();
  comet.subscribe();
  await old.json(refusal("client-does-not-exist"), 404);
  await settle();
  equal(comet.state, "connecting");
});
