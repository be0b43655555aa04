import { Comet } from "../../comet.js";
import { adopted, beat, connected, streams } from "./clients.js";
import { equal, failure, ok, test } from "./harness.js";
import { message, own, refusal, SESSION, settle } from "./world.js";

const auto = (options = {}) => connected({ transport: "auto", ...options });

/** The transports that were tried since. */
const tried = (world, since = 0) => world.requests.slice(since).map(({ path }) => path.slice("/comet/".length));

test("L6 stream_whereItGetsThrough_isUsed", async () => {
  const { world, comet, seen } = await adopted({ transport: "auto" });
  equal([world.last.path, world.last.query, comet.state], ["/comet/stream", { lastMessageId: "10" }, "connecting"]);
  equal([world.last.init.headers["Comet-Token"], world.last.init.cache], ["secret-1", "no-store"]);
  await streams(world);
  equal([comet.state, comet.transport], ["connected", "stream"]);
  await world.last.push(message(11), message(14));
  await world.last.push(message(15));
  equal([seen.ids(), comet.lastMessageId, world.requests.length], [[11, 14, 15], 15, 1]);
});

test("L6 stream_default_isAuto", async () => {
  const { comet } = await adopted({ transport: undefined });
  equal(comet.transport, "stream");
  for (const transport of ["websocket", "", null, 1])
    equal((await failure(() => Comet.adopt("/comet", SESSION, { transport }))).code, "parameters-invalid");
});

test("L3 stream_repetitionsAndOldMessages_areDropped", async () => {
  const { world, seen } = await auto();
  await world.last.push(message(9), message(11));
  await world.last.push(message(11));
  await world.last.push(message(12));
  equal(seen.ids(), [11, 12]);
});

test("L3 stream_gapAndCursor_areHeeded", async () => {
  const { world, comet, seen } = await auto();
  await world.last.push(own("gap", { from: 11, to: 20, reason: "overflow" }), message(21), own("cursor", { lastMessageId: 30 }));
  equal([seen.names(), comet.lastMessageId], [["gap", "21", "success"], 30]);
  await world.last.push(own("gap", { from: 0, to: 7, reason: "unknown-cursor" }), message(8));
  equal([seen.ids(), comet.lastMessageId], [[21, 8], 8]);
});

test("L6 stream_cutAfterAWhile_isOpenedAgainFromTheCursor", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  await stream.push(message(11));
  await world.advance(20_000);
  await stream.push(beat(12, 11));
  await stream.breakOff();
  equal([comet.state, seen.named("comet.failure")[0].error.code], ["reconnecting", "network"]);
  await world.advance(250);
  equal([world.last.path, world.last.query], ["/comet/stream", { lastMessageId: "12" }]);
  await streams(world, 12);
  equal([comet.state, comet.transport], ["connected", "stream"]);
});

test("L6 stream_endsAfterAWhile_goesOnWithoutAWord", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  await world.advance(20_000);
  await stream.push(message(11));
  seen.log.length = 0;
  await stream.end();
  equal([world.last.path, world.last.query, comet.state], ["/comet/stream", { lastMessageId: "11" }, "connected"]);
  equal(seen.names(), []);
});

test("L6 stream_cutAgainAndAgain_givesWayToPolls", async () => {
  const { world, comet, seen } = await auto();
  const before = world.requests.length - 1;
  for (let i = 0; i < 2; i++) {
    await world.last.breakOff();
    await world.advance(1_000);
    if (i === 0) await streams(world);
  }
  equal(tried(world, before), ["stream", "stream", "poll"]);
  await world.last.json([message(11)]);
  equal([comet.transport, comet.state, seen.ids()], ["poll", "connected", [11]]);
  equal(seen.named("comet.transport"), [{ from: "stream", to: "poll" }]);
});

test("L6 stream_noFirstByte_givesWayToPollsAtTheSameCursor", async () => {
  for (const head of [false, true]) {
    const { world, comet, seen } = await adopted({ transport: "auto" });
    const stream = world.last;
    if (head) await stream.stream();
    await world.advance(5_999);
    equal(tried(world), ["stream"]);
    await world.advance(1);
    equal([stream.aborted, world.last.path, world.last.query.lastMessageId], [true, "/comet/poll", "10"]);
    await world.last.json([message(11)]);
    equal([comet.transport, comet.state, seen.ids(), seen.named("comet.failure")], ["poll", "connected", [11], []]);
  }
});

const OBSTACLES = {
  badGateway: (request) => request.raw("<html>", 502, { "Content-Type": "text/html" }),
  loginPage: (request) => request.raw("<html>", 200, { "Content-Type": "text/html" }),
  json: (request) => request.json([own("timeout", { lastMessageId: 10 })]),
  olderServer: (request) => request.json(refusal("no-such-endpoint"), 404),
  refused: (request) => request.fail(),
  garbage: async (request) => (await request.stream(), request.bytes("data: {\n\n")),
};

for (const [name, obstacle] of Object.entries(OBSTACLES))
  test(`L6 stream_${name}_givesWayToPollsWithoutAWord`, async () => {
    const { world, comet, seen } = await adopted({ transport: "auto" });
    await obstacle(world.last);
    equal(tried(world), ["stream", "poll"]);
    await world.last.json([message(11)]);
    equal([comet.transport, comet.state, seen.ids(), seen.named("comet.failure")], ["poll", "connected", [11], []]);
  });

test("L9 stream_noHeartbeat_isAStateAndGivesWayToPolls", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  await world.advance(24_999);
  equal([stream.aborted, seen.names()], [false, []]);
  await world.advance(1);
  equal([stream.aborted, comet.state, seen.named("comet.failure")[0].error.code], [true, "reconnecting", "silence"]);
  await world.advance(250);
  equal(world.last.path, "/comet/poll");
});

test("L9 stream_heartbeats_keepItAlive", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  for (let i = 0; i < 10; i++) {
    await world.advance(20_000);
    await stream.push(beat(10 + i));
  }
  equal([comet.state, comet.lastMessageId, seen.named("comet.failure")], ["connected", 19, []]);
});

test("L9 stream_serverBeatsMoreRarely_isJudgedByThat", async () => {
  const { world, seen } = await auto();
  await world.last.push(own("heartbeat", { lastMessageId: 10, lastSentId: 0, nextInSeconds: 60 }));
  await world.advance(69_999);
  equal(seen.named("comet.failure"), []);
  await world.advance(1);
  equal(seen.named("comet.failure")[0].error.code, "silence");
});

test("L9 stream_lastMessageLostOnTheWay_isNoticedByTheHeartbeat", async () => {
  const { world, comet, seen } = await auto();
  await world.last.push(message(11));
  await world.last.push(beat(20, 14));
  equal([comet.lastMessageId, comet.state], [11, "reconnecting"]);
  await world.advance(250);
  equal(world.last.query.lastMessageId, "11");
  await streams(world, 11);
  await world.last.push(message(14));
  equal(seen.ids(), [11, 14]);
});

test("L9 stream_machineSlept_opensItAgainAndReportsNothing", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  await world.advance(1_000);
  world.sleep(3_600_000);
  await world.advance(5_000);
  equal([stream.aborted, world.last.path, world.last.query, comet.state, seen.names()], [true, "/comet/stream", { lastMessageId: "10" }, "connected", []]);
});

test("L6 polls_afterAWhile_giveTheStreamAnotherChance", async () => {
  const { world, comet, seen } = await adopted({ transport: "auto" });
  await OBSTACLES.badGateway(world.last);
  await world.last.json([own("timeout", { lastMessageId: 10 })]);
  const before = world.requests.length - 1;
  await world.advance(29_000);
  await world.last.json([message(11)]);
  await world.advance(1_000);
  await world.last.json([message(12)]);
  equal(tried(world, before), ["poll", "poll", "stream"]);
  equal(world.last.query, { lastMessageId: "12" });
  await OBSTACLES.badGateway(world.last);
  equal([tried(world, before + 3), comet.state], [["poll"], "connected"], "quietly back to polls");
  await world.last.json([message(13)]);
  for (let id = 14; id <= 15; id++) {
    equal(tried(world, before + 4), Array(id - 13).fill("poll"), "the next chance comes later");
    await world.advance(30_000);
    await world.last.json([message(id)]);
  }
  await streams(world, 15);
  equal([comet.transport, seen.ids(), seen.named("comet.failure")], ["stream", [11, 12, 13, 14, 15], []]);
});

test("L6 server_away_isNotBlamedOnTheStream", async () => {
  const { world, comet } = await auto();
  await world.last.breakOff();
  for (let i = 0; i < 5; i++) {
    await world.advance(10_000);
    await world.last.fail();
    equal(world.last.path, "/comet/poll", "the stream, and at once a poll");
    await world.last.fail();
  }
  await world.advance(10_000);
  await streams(world);
  equal([comet.state, comet.transport], ["connected", "stream"]);
});

test("L6 stream_serversOwnWords_areHeededNotEvaded", async () => {
  const { world, comet, seen } = await adopted({ transport: "auto" });
  await world.last.json(refusal("provider-unavailable"), 503, { "Retry-After": "5" });
  equal([tried(world), seen.named("comet.failure")[0].retryInMillis], [["stream"], 5_250]);
  await world.advance(5_250);
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal([tried(world), comet.state], [["stream", "stream"], "lost"]);
});

test("L6 stream_endsWithAReason_isHeeded", async () => {
  const ends = {
    superseded: [own("superseded"), "superseded"],
    closed: [own("closed", { reason: "disconnected" }), "closed"],
    gone: [own("error", { code: "client-does-not-exist", reason: "ended" }), "lost"],
    drained: [own("reconnect", { delayMillis: 2_000 }), "reconnecting"],
    failed: [own("error", { code: "closed", reason: "closed" }), "reconnecting"],
  };
  for (const [name, [end, state]] of Object.entries(ends)) {
    const { world, comet, seen } = await auto();
    await world.last.push(message(11));
    await world.last.push(end);
    await world.last.end();
    equal([seen.ids(), comet.state], [[11], state], name);
  }
});

test("L6 stream_superseded_laterGoesOnWithTheStream", async () => {
  const { world, comet } = await auto();
  await world.last.push(own("superseded"));
  comet.subscribe();
  await settle();
  equal([world.last.path, world.last.query], ["/comet/stream", { lastMessageId: "10" }]);
});

test("M2 stream_confirmsNowAndThen", async () => {
  const { world, comet } = await auto();
  const stream = world.last;
  await stream.push(message(11));
  equal(tried(world, 1), []);
  await world.advance(5_000);
  await stream.push(message(12));
  equal([world.last.path, world.last.body, world.last.init.headers["Comet-Token"]], ["/comet/ack", { lastMessageId: 12 }, "secret-1"]);
  await stream.push(message(13));
  await world.last.raw("", 204);
  await stream.push(...Array.from({ length: 100 }, (_, i) => message(14 + i)));
  equal([tried(world, 1), world.last.body, comet.lastMessageId], [["ack", "ack"], { lastMessageId: 113 }, 113]);
});

test("M2 stream_confirmationLost_isMadeUpForByTheNext", async () => {
  const { world, comet } = await auto();
  const stream = world.last;
  await stream.push(message(11));
  for (let id = 12; id < 14; id++) {
    await world.advance(5_000);
    await stream.push(message(id));
    equal(world.last.body, { lastMessageId: id });
    await world.last.fail();
  }
  equal([comet.state, stream.aborted], ["connected", false]);
});

test("L4 unsubscribe_stream_abortsItAndSubscribeGoesOn", async () => {
  const { world, comet } = await auto();
  const stream = world.last;
  await stream.push(message(11));
  comet.unsubscribe();
  await stream.push(message(12));
  equal([stream.aborted, comet.state, comet.lastMessageId, world.timers], [true, "paused", 11, 0]);
  comet.subscribe();
  await settle();
  equal([world.last.path, world.last.query], ["/comet/stream", { lastMessageId: "11" }]);
});

test("L6 use_otherTransport_changesAtOnceAtTheSameCursor", async () => {
  const { world, comet, seen } = await auto();
  const stream = world.last;
  await stream.push(message(11));
  comet.use("poll");
  await settle();
  equal([stream.aborted, world.last.path, world.last.query, comet.state], [true, "/comet/poll", { lastMessageId: "11", hold: "0" }, "connected"], "asked at once");
  await world.last.json([message(12)]);
  const poll = world.last;
  comet.use("stream");
  await settle();
  equal([poll.aborted, world.last.path, world.last.query], [true, "/comet/stream", { lastMessageId: "12" }]);
  await streams(world, 12);
  await world.last.push(message(13));
  equal([seen.ids(), comet.transport, seen.named("comet.failure")], [[11, 12, 13], "stream", []]);
  equal(seen.named("comet.transport").map(({ to }) => to), ["poll", "stream"]);
  equal((await failure(() => comet.use("pigeon"))).code, "parameters-invalid");
});

test("L6 use_ownOldRequestArrivesLate_isNotTakenForAnotherPage", async () => {
  const { world, comet } = await auto();
  comet.use("poll");
  await settle();
  await world.last.json([own("superseded", { instance: world.last.instance })], 409);
  equal(comet.state, "reconnecting");
  await world.advance(250);
  equal([world.last.path, comet.state], ["/comet/poll", "reconnecting"]);
});

test("L6 use_ownOldRequestArrivesAfterTheNewerWasAnswered_isNotTakenForAnotherPage", async () => {
  const { world, comet } = await connected();
  comet.use("stream");
  await settle();
  await streams(world);
  await world.last.push(own("superseded", { instance: world.last.instance })); // by the poll that was given up
  equal(comet.state, "reconnecting");
  await world.advance(250);
  await streams(world);
  equal([comet.state, comet.transport], ["connected", "stream"]);
  await world.last.push(own("superseded", { instance: 7 }));
  equal(comet.state, "superseded", "by another page, this time");
});

test("L6 transport_streamOnly_neverPolls", async () => {
  const { world, comet } = await adopted({ transport: "stream" });
  for (let i = 0; i < 4; i++) {
    await OBSTACLES.badGateway(world.last);
    await world.advance(30_000);
  }
  ok(tried(world).every((path) => path === "stream") && world.requests.length > 4, "streams only");
  equal(comet.state, "disconnected");
});

// ---- how long a poll may be held

const held = (world) => world.last.query.hold;

test("L7 polls_cutAfterAWhile_askForShorterHoldsAndProbeUpwards", async () => {
  const { world } = await connected();
  equal(held(world), undefined);
  await world.advance(20_000);
  await world.last.fail();
  await world.advance(250);
  await world.last.json([own("timeout", { lastMessageId: 10 })]); // the sign of life
  equal(held(world), "14");
  const timeOut = async (seconds) => {
    await world.advance(seconds * 1000);
    await world.last.json([own("timeout", { lastMessageId: 10 })]);
  };
  await timeOut(14);
  equal(held(world), "21", "a probe");
  await world.advance(20_000);
  await world.last.fail();
  await world.advance(250);
  await world.last.json([own("timeout", { lastMessageId: 10 })]);
  equal(held(world), "14", "what lived");
  await timeOut(14);
  equal(held(world), "14", "the next probe comes later");
  await timeOut(14);
  equal(held(world), "21");
  await timeOut(21);
  await timeOut(21);
  equal(held(world), undefined, "all of it, when nothing cuts any more");
});

test("L7 polls_failAtOnce_keepTheirHold", async () => {
  const { world } = await connected();
  for (let i = 0; i < 3; i++) {
    await world.advance(2_000);
    await world.last.fail();
    await world.advance(10_000);
    await world.last.json([own("timeout", { lastMessageId: 10 })]);
  }
  equal(held(world), undefined);
});

test("L7 polls_answeredBeforeTheHoldEnds_proveNothing", async () => {
  const { world } = await connected();
  await world.advance(20_000);
  await world.last.fail();
  await world.advance(250);
  await world.last.json([own("timeout", { lastMessageId: 10 })]);
  for (let id = 11; id < 15; id++) {
    await world.advance(1_000);
    await world.last.json([message(id)]);
  }
  equal(held(world), "14");
});

test("L7 polls_cutAtWhateverLength_endUpBelowIt", async () => {
  for (const limit of [4, 7, 11, 18, 24]) {
    const { world, seen } = await connected();
    let failures = 0;
    for (let i = 0; i < 400; i++) {
      const hold = Number(held(world) ?? 25);
      const [lives, millis] = [hold < limit, Math.min(hold, limit) * 1000];
      await world.advance(millis);
      if (lives) await world.last.json([own("timeout", { lastMessageId: 10 })]);
      else {
        failures++;
        await world.last.fail();
        await world.advance(500);
        await world.last.json([own("timeout", { lastMessageId: 10 })]);
      }
    }
    ok(failures < 40, `few polls to be cut when the limit is ${limit} s, not ${failures} of 400`);
    equal(seen.named("comet.failure").length, failures);
  }
});
