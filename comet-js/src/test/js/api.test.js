import { Comet, CometError } from "../../comet.js";
import { adopted, connected, made } from "./clients.js";
import { equal, failure, ok, test } from "./harness.js";
import { message, own, refusal, SESSION, settle, World } from "./world.js";

test("L1 connect_accepted_pollsWithTheNewTokens", async () => {
  const { world, comet } = await made();
  const [connect, poll] = world.requests;
  equal([connect.path, connect.init.method, connect.body], ["/comet/connect", "POST", { displayName: "Ada" }]);
  equal([poll.path, poll.query, poll.init.method], ["/comet/poll", { lastMessageId: "10" }, "GET"]);
  equal([comet.state, comet.transport, comet.publicToken, comet.displayName, comet.lastMessageId], ["connected", "poll", "pub-1", "Ada", 10]);
});

test("L1 connect_refused_rejectsWithTheServersWords", async () => {
  const world = new World();
  const connecting = failure(Comet.connect("/comet", {}, { platform: world.platform }));
  await settle();
  await world.last.json(refusal("refused"), 403);
  const error = await connecting;
  ok(error instanceof CometError, "a CometError");
  equal([error.code, error.reason, error.status, error.permanent], ["refused", "because of refused", 403, true]);
  equal([world.requests.length, world.timers], [1, 0], "requests and timers left");
});

test("L1 connect_answeredWithoutTokens_rejects", async () => {
  for (const answer of [{}, { ...SESSION, connectionTimeoutSeconds: 0 }, { ...SESSION, lastMessageId: "7" }, [], "hello"]) {
    const world = new World();
    const connecting = failure(Comet.connect("/comet", {}, { platform: world.platform }));
    await settle();
    await world.last.json(answer);
    equal((await connecting).code, "parameters-invalid");
  }
});

test("L1 request_always_carriesTheTokenInTheHeaderOnly", async () => {
  const { world, comet } = await made();
  comet.send("chat.say", { text: "hello" });
  comet.disconnect();
  for (const { url, init } of world.requests.slice(1)) {
    ok(!url.includes("secret-1") && !String(init.body).includes("secret-1"), "no token in URL or body");
    equal(init.headers["Comet-Token"], "secret-1");
    equal(init.headers["Comet-Request"], "1");
    equal([init.credentials, init.cache], ["same-origin", "no-store"]);
  }
  equal(JSON.stringify(comet), "{}", "what is printed");
});

test("L1 adopt_withoutPrivateToken_leavesItToTheCookie", async () => {
  const { world } = await adopted({}, { privateToken: undefined });
  ok(!("Comet-Token" in world.last.init.headers), "no token");
  equal([world.last.init.credentials, world.last.init.headers["Comet-Request"]], ["same-origin", "1"]);
});

test("H17 request_tokenIsInTheCookie_saysWhomThePageTakesItselfFor", async () => {
  const { world, comet } = await connected({ disconnectOnLeave: true }, { privateToken: undefined, publicToken: "J\u00fcrgen +/" });
  comet.send("chat.say", 1);
  for (const { init } of world.requests) equal(init.headers["Comet-Client"], "J%C3%BCrgen%20%2B%2F");
  await world.fire("pagehide");
  equal(world.beacons, [{ url: "/comet/disconnect", body: "publicToken=J%C3%BCrgen+%2B%2F" }]);
});

test("L1 adopt_first_asksForAnAnswerAtOnceAndThenHolds", async () => {
  const { world, comet, seen } = await adopted();
  equal([world.last.query, comet.state], [{ lastMessageId: "10", hold: "0" }, "connecting"]);
  await world.last.json([own("timeout", { lastMessageId: 12 })]);
  equal([world.last.query, comet.state], [{ lastMessageId: "12" }, "connected"]);
  equal(seen.names(), ["state", "timeout", "success"]);
});

test("L1 adopt_withWhatIsNoSession_isRefusedWithNameValueAndRule", async () => {
  const adopt = (session) => failure(() => Comet.adopt("/comet", session));
  equal((await adopt(undefined)).reason, "publicToken is undefined; use the one that the server gave");
  equal((await adopt({ publicToken: "p" })).reason, "connectionTimeoutSeconds is undefined; use the server's, above 0");
  equal((await adopt({ ...SESSION, lastMessageId: -1 })).reason, "lastMessageId is -1; use 0 or a message's id");
});

test("L1 options_outOfRange_areRefusedWithNameValueAndRule", async () => {
  for (const [name, value] of [["hold", 0], ["hold", 1.5], ["bufferLimit", 0], ["timeoutMillis", "5"]]) {
    const error = await failure(() => Comet.adopt("/comet", SESSION, { [name]: value }));
    equal(error.reason, `${name} is ${value}; use a whole number from 1, or leave it out`);
  }
});

test("L1 hold_asked_isSentAndLimitsTheWait", async () => {
  const { world, seen } = await connected({ hold: 5 });
  equal(world.last.query, { lastMessageId: "10", hold: "5" });
  await world.advance(14_999);
  equal(seen.named("comet.failure"), []);
  await world.advance(1);
  equal(seen.named("comet.failure")[0].error.code, "silence");
});

test("L1 subscribe_notAtFirst_waitsUntilItIsCalled", async () => {
  const { world, comet } = await adopted({ subscribe: false });
  equal([world.requests.length, comet.state], [0, "paused"]);
  comet.subscribe();
  equal([world.requests.length, comet.state], [1, "connecting"]);
});

test("L1 on_message_reachesItsNameAndTheStar", async () => {
  const { world, comet } = await connected();
  const calls = [];
  comet.on("chat.said", (m) => calls.push(["chat.said", m.id, m.contents.text]));
  comet.on("*", (m) => calls.push(["*", m.id]));
  comet.on("comet.*", (m) => calls.push([m.name]));
  comet.on("chat.left", () => calls.push(["wrong"]));
  await world.last.json([message(11, { text: "hello" })]);
  equal(calls, [["chat.said", 11, "hello"], ["*", 11], ["comet.success"]]);
});

test("L1 on_removed_isCalledNoMore", async () => {
  const { world, comet } = await connected();
  const calls = [];
  const handler = (m) => calls.push(m.id);
  const removeFirst = comet.on("chat.said", handler);
  comet.on("chat.said", handler);
  removeFirst();
  removeFirst();
  await world.last.json([message(11)]);
  equal(calls, [11], "calls of the registration that is left");
});

test("L1 success_answered_tellsMessagesAndMillisAfterTheMessages", async () => {
  const { world, seen } = await connected();
  await world.advance(1_200);
  await world.last.json([message(11), message(13)]);
  equal(seen.names(), ["11", "13", "success"]);
  equal(seen.named("comet.success"), [{ messages: 2, millis: 1_200 }]);
});

test("L1 send_reply_isGiven", async () => {
  const { world, comet } = await connected();
  const sending = comet.send("chat.say", { text: "hello" });
  equal([world.last.path, world.last.body], ["/comet/send", { name: "chat.say", contents: { text: "hello" } }]);
  equal(world.last.init.headers["Content-Type"], "application/json");
  await world.last.json({ seq: 4 });
  equal(await sending, { seq: 4 });
});

test("L1 send_noReply_givesUndefined", async () => {
  const { world, comet } = await connected();
  const sending = comet.send("chat.say");
  await world.last.raw("", 202);
  equal(await sending, undefined);
});

test("L1 send_array_goesAsOneAndTellsWhichFailed", async () => {
  const { world, comet } = await connected();
  const sending = failure(comet.send([{ name: "a", contents: 1 }, { name: "b", contents: 2 }]));
  equal(world.last.body, [{ name: "a", contents: 1 }, { name: "b", contents: 2 }]);
  await world.last.json(refusal("no-such-handler", { index: 1 }), 404);
  const error = await sending;
  equal([error.code, error.index, error.status], ["no-such-handler", 1, 404]);
});

test("L1 send_failed_tellsWhyAndLeavesThePollAlone", async () => {
  const { world, comet, seen } = await connected();
  const poll = world.last;
  const sendings = ["busy", "proxy", "network", "silent"].map((name) => failure(comet.send(name)));
  const [busy, proxy, network] = world.requests.slice(-4);
  await busy.json(refusal("queue-full"), 429, { "Retry-After": "7" });
  await proxy.raw("<html>", 502, { "Content-Type": "text/html" });
  await network.fail();
  await world.advance(30_000);
  const errors = await Promise.all(sendings);
  equal(errors.map(({ code, status, retryAfterSeconds }) => [code, status, retryAfterSeconds]), [
    ["queue-full", 429, 7],
    ["unexpected-status", 502, undefined],
    ["network", undefined, undefined],
    ["silence", undefined, undefined],
  ]);
  equal(errors.map(({ permanent }) => permanent), [false, false, false, false]);
  ok(!poll.aborted, "the poll goes on");
  equal([comet.state, seen.log], ["connected", []]);
});

test("L1 session_afterMessages_isWhatAdoptGoesOnFrom", async () => {
  const { world, comet } = await connected();
  await world.last.json([message(17)]);
  const session = JSON.parse(JSON.stringify(comet.session()));
  equal(session, { ...SESSION, lastMessageId: 17 });
  const after = new World();
  Comet.adopt("/comet/", session, { platform: after.platform, transport: "poll" });
  equal([after.last.path, after.last.query.lastMessageId], ["/comet/poll", "17"]);
});

test("L1 disconnect_answered_endsHereAtOnceAndThere", async () => {
  const { world, comet, seen } = await connected();
  const poll = world.last;
  const disconnecting = comet.disconnect();
  equal([poll.aborted, comet.state], [true, "closed"]);
  equal([world.last.path, world.last.init.method, world.last.init.headers["Comet-Token"]], ["/comet/disconnect", "POST", "secret-1"]);
  await world.last.raw("", 204);
  equal(await disconnecting, true);
  equal(seen.names(), ["closed", "state"]);
  equal(seen.named("comet.closed"), [{ reason: "disconnected" }]);
  equal((await failure(() => comet.subscribe())).code, "closed");
  equal(world.timers, 0, "timers left");
});

test("L1 disconnect_serverCannotBeTold_givesFalse", async () => {
  const { world, comet, seen } = await connected();
  const disconnecting = comet.disconnect();
  await world.last.fail();
  equal(await disconnecting, false);
  const again = comet.disconnect();
  await world.last.json(refusal("client-does-not-exist"), 404);
  equal(await again, true, "gone already");
  equal(seen.named("comet.closed").length, 1, "times that it was told");
});

test("L1 leave_askedFor_disconnectsByBeacon", async () => {
  const { world } = await connected({ disconnectOnLeave: true });
  await world.fire("pagehide");
  equal(world.beacons, [{ url: "/comet/disconnect", body: "privateToken=secret-1" }]);
  ok(world.last.aborted, "the poll is aborted");
});

test("L1 leave_comesBackFromTheCache_getsAnotherSession", async () => {
  const { world, comet, seen } = await made({ disconnectOnLeave: true });
  await world.fire("pagehide", { persisted: true });
  await world.fire("pageshow", { persisted: true });
  await world.last.json(refusal("client-does-not-exist"), 404);
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal([seen.named("comet.sessionlost"), comet.state], [[{ previous: "pub-1", current: "pub-2" }], "connected"]);
});

test("L1 leave_notAskedForOrEndedOrSuperseded_tellsNobody", async () => {
  const quiet = await connected();
  await quiet.world.fire("pagehide");
  const superseded = await connected({ disconnectOnLeave: true });
  await superseded.world.last.json([own("superseded")], 409);
  await superseded.world.fire("pagehide");
  equal([quiet.world.beacons, superseded.world.beacons], [[], []]);
});

test("L1 send_closed_isRefusedHere", async () => {
  const { world, comet } = await connected();
  comet.disconnect();
  const before = world.requests.length;
  equal([(await failure(comet.send("chat.say", 1))).code, world.requests.length], ["closed", before]);
});

test("L1 send_whatIsNoJson_isRefusedHere", async () => {
  const { world, comet } = await connected();
  const before = world.requests.length;
  const error = await failure(comet.send("chat.say", { n: 1n }));
  equal([error.code, error.cause instanceof TypeError, world.requests.length], ["parameters-invalid", true, before]);
});

test("L1 adopt_withWhatIsNoToken_isRefusedWithoutShowingIt", async () => {
  for (const privateToken of ["secret\nsecret", "secret ", "s".repeat(257), "", 5]) {
    const error = await failure(() => Comet.adopt("/comet", { ...SESSION, privateToken }));
    equal(error.reason, "privateToken is not shown; use the one that the server gave, or leave it out if it is in a cookie");
  }
});

test("L1 on_withWhatIsNoFunction_isRefused", async () => {
  const { comet } = await connected();
  equal((await failure(() => comet.on("chat.said"))).reason, "the handler of chat.said is undefined; use a function");
});

test("L1 on_namesThatCameAndWent_areForgotten", async () => {
  const { comet } = await connected();
  const names = new Set();
  const { set, delete: remove } = Map.prototype;
  Map.prototype.set = function (name, value) { names.add(name); return set.call(this, name, value); };
  Map.prototype.delete = function (name) { names.delete(name); return remove.call(this, name); };
  try {
    for (let i = 0; i < 3; i++) {
      const removals = [comet.on(`reply.${i}`, () => {}), comet.on(`reply.${i}`, () => {})];
      for (const removal of removals) removal();
    }
  } finally {
    Object.assign(Map.prototype, { set, delete: remove });
  }
  equal([...names], []);
});
