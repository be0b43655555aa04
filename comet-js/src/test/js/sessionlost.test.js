// H17, L3: whatever request is told that the session is lost, the client notices at once.
import { Comet } from "../../comet.js";
import { connected, made, streams } from "./clients.js";
import { equal, failure, ok, test } from "./harness.js";
import { message, record, refusal, SESSION, settle, World } from "./world.js";
import { tabs } from "./tabs.test.js";

const NEXT = { ...SESSION, publicToken: "pub-2", privateToken: "secret-2", lastMessageId: 100 };
const paths = (world, since = 0) => world.requests.slice(since).map(({ path }) => path.slice("/comet/".length));
const gone = (request, code = "client-does-not-exist", status = 404) => request.json(refusal(code), status);
const lastTo = (world, path) => world.requests.findLast((request) => request.path === `/comet/${path}`);

/** A client made by connect that has a stream or a held poll. */
async function receiving(transport, how = made) {
  const client = await how({ transport });
  if (how === made && transport === "stream") await streams(client.world);
  client.seen.log.length = 0;
  return client;
}

/** One request of the session each, by its path; what it gives is heeded by nobody. */
const REQUESTS = {
  ack: async ({ world }) => {
    await world.advance(5_000);
    await world.last.push(message(11));
  },
  send: async ({ comet }) => void failure(comet.send("chat.say", 1)),
  request: async ({ comet }) => void failure(comet.request("chat.ask", 1)),
  reply: async ({ world, comet, transport }) => {
    comet.on("light.set", (asked) => void failure(asked.reply(1)));
    const asked = { id: 11, name: "light.set", correlationId: "c-1", contents: 1 };
    if (transport === "stream") await world.last.push(asked);
    else await world.last.json([asked]);
  },
};

for (const transport of ["stream", "poll"])
  for (const [name, request] of Object.entries(REQUESTS).filter(([name]) => transport === "stream" || name !== "ack")) {
    const path = name === "request" ? "send" : name;

    test(`H17 L3 ${transport}_${name}IsToldThatTheSessionIsLost_connectsAgainAtOnce`, async () => {
      const { world, comet, seen } = await receiving(transport);
      await request({ world, comet, transport });
      const before = world.requests.length;
      await gone(lastTo(world, path));
      equal(paths(world, before), [transport], "asks at once whether that is so");
      await gone(world.last);
      equal([paths(world, before), comet.state], [[transport, "connect"], "reconnecting"]);
      await world.last.json(NEXT);
      equal(seen.named("comet.sessionlost"), [{ previous: "pub-1", current: "pub-2" }]);
      equal([seen.named("comet.failure"), world.last.init.headers["Comet-Token"]], [[], "secret-2"]);
    });

    test(`H17 L3 ${transport}_${name}OfAnAdoptedClientIsToldThatTheSessionIsLost_isLostAtOnce`, async () => {
      const { world, comet, seen } = await receiving(transport, connected);
      await request({ world, comet, transport });
      await gone(lastTo(world, path));
      await gone(world.last);
      equal([comet.state, seen.named("comet.sessionlost"), world.timers], ["lost", [{ previous: "pub-1", current: null }], 0]);
    });
  }

const OTHERS = {
  refusedByAHandler: (r) => r.json(refusal("refused"), 403), // "no client has this public token": the receiver
  noHandler: (r) => r.json(refusal("no-such-handler"), 404),
  nobodyWaits: (r) => r.json(refusal("no-such-request"), 404),
  notFoundByProxy: (r) => r.raw("<html>", 404, { "Content-Type": "text/html" }),
  loginOfTheSite: (r) => r.raw("<html>", 401, { "Content-Type": "text/html" }),
  tooMany: (r) => r.json(refusal("too-many-requests"), 429),
  failed: (r) => r.json(refusal("handler-failed"), 500),
  draining: (r) => r.json(refusal("draining"), 503),
  network: (r) => r.fail(),
};

for (const [name, answer] of Object.entries(OTHERS))
  test(`L3 send_${name}_saysNothingOfTheSession`, async () => {
    const { world, comet, seen } = await receiving("stream");
    const stream = world.last;
    const sending = failure(comet.send("chat.say", 1));
    const before = world.requests.length;
    await answer(world.last);
    ok((await sending).code, "the sender is told");
    equal([world.requests.length, stream.aborted, seen.names(), comet.state], [before, false, [], "connected"]);
  });

for (const [name, answer] of Object.entries({ ...OTHERS, tooSlow: (r) => r.json(refusal("too-slow"), 408) }))
  if (!["refusedByAHandler", "noHandler", "nobodyWaits"].includes(name))
    test(`M2 ack_${name}_isMadeUpForByTheNext`, async () => {
      const client = await receiving("stream");
      const stream = client.world.last;
      await REQUESTS.ack(client);
      const before = client.world.requests.length;
      await answer(client.world.last);
      equal([client.world.requests.length, stream.aborted, client.comet.state], [before, false, "connected"]);
    });

for (const [code, status] of [["parameters-invalid", 400], ["refused", 403], ["unsupported-media-type", 415]])
  test(`M2 ack_${code}_theStreamIsOpenedAgainWhichConfirmsAsWell`, async () => {
    const client = await receiving("stream");
    const { world, comet, seen } = client;
    const stream = world.last;
    await REQUESTS.ack(client);
    await world.last.json(refusal(code), status);
    equal([stream.aborted, world.last.path, world.last.query], [true, "/comet/stream", { lastMessageId: "11" }]);
    await streams(world, 11);
    equal([comet.state, seen.named("comet.failure"), seen.states()], ["connected", [], []]);
  });

test("L3 sends_manyAreToldThatTheSessionIsLost_oneQuestionIsAsked", async () => {
  for (const transport of ["stream", "poll"]) {
    const { world, comet } = await receiving(transport);
    for (let i = 0; i < 5; i++) failure(comet.send("chat.say", i));
    const before = world.requests.length;
    for (const sent of world.requests.filter(({ path }) => path === "/comet/send")) await gone(sent);
    equal([paths(world, before), world.last.aborted], [[transport], false]);
    await gone(world.last);
    failure(comet.send("chat.say", 6));
    await gone(world.last);
    equal([paths(world, before), lastTo(world, "connect").aborted], [[transport, "connect", "send"], false]);
  }
});

test("L3 send_ofTheSessionBeforeIsAnsweredLate_movesNothing", async () => {
  const { world, comet } = await receiving("stream");
  const stream = world.last;
  failure(comet.send("chat.say", 1));
  const sent = world.last;
  await stream.push(...refusal("client-does-not-exist"));
  await world.last.json(NEXT);
  await streams(world, 100);
  const before = world.requests.length;
  await gone(sent);
  equal([world.requests.length, comet.state, comet.publicToken], [before, "connected", "pub-2"]);
});

test("H17 L3 send_whileTheClientWaitsAfterFailures_isToldThatTheSessionIsLost_connectsAgainAtOnce", async () => {
  for (const transport of ["stream", "poll"])
    for (const failures of [1, 2, 8]) {
      const { world, comet, seen } = await receiving(transport);
      await (transport === "stream" ? world.last.breakOff() : world.last.fail());
      for (let i = 1; i < failures; i++) {
        await world.advance(seen.named("comet.failure").at(-1).retryInMillis);
        await world.last.fail();
      }
      failure(comet.send("chat.say", 1));
      const before = world.requests.length;
      await gone(world.last);
      equal(paths(world, before), [transport], "the server is there again");
      await gone(world.last);
      await world.last.json(NEXT);
      equal([comet.state, comet.publicToken], ["connected", "pub-2"]);
    }
});

test("L3 send_whileASessionThatWasLostTwiceIsWaitedFor_doesNotHurryIt", async () => {
  const { world, comet } = await receiving("poll");
  await gone(world.last);
  await world.last.json({ ...NEXT, publicToken: "pub-2" });
  await gone(world.last);
  failure(comet.send("chat.say", 1));
  const before = world.requests.length;
  await gone(world.last);
  equal(paths(world, before), []);
});

test("L3 send_isToldAgainAndAgainWhileFailuresLast_hurriesOnce", async () => {
  const { world, comet } = await receiving("poll");
  await world.last.fail();
  let polls = 0;
  for (let i = 0; i < 20; i++) {
    failure(comet.send("chat.say", 1));
    const before = world.requests.length;
    await gone(world.last);
    polls += paths(world, before).length;
    if (paths(world, before).length) await world.last.fail();
  }
  equal(polls, 1, "without a moment of waiting");
});

test("L3 send_pausedIsToldThatTheSessionIsLost_isNoticedWhenItGoesOn", async () => {
  const { world, comet } = await receiving("stream");
  comet.unsubscribe();
  failure(comet.send("chat.say", 1));
  await gone(world.last);
  equal([comet.state, paths(world).at(-1)], ["paused", "send"]);
  comet.subscribe();
  await gone(world.last);
  equal(paths(world).at(-1), "connect");
});

// ---- the token in the cookie

const COOKIE = { ...SESSION, privateToken: undefined };

async function byCookie(transport = "poll") {
  const world = new World();
  const connecting = Comet.connect("/comet", { displayName: "Ada" }, { platform: world.platform, transport });
  await world.last.json(COOKIE);
  const comet = await connecting;
  if (transport === "stream") await streams(world);
  const seen = record(comet);
  await settle();
  return { world, comet, seen };
}

test("H17 cookie_isGone_connectsAgainButOnce", async () => {
  const { world, comet, seen } = await byCookie();
  failure(comet.send("chat.say", 1));
  await gone(world.last, "token-missing", 401);
  await gone(world.last, "token-missing", 401);
  equal(paths(world).at(-1), "connect");
  await world.last.json({ ...COOKIE, publicToken: "pub-2" });
  equal([comet.state, seen.named("comet.sessionlost")], ["connected", [{ previous: "pub-1", current: "pub-2" }]]);
  await gone(world.last, "token-missing", 401); // this browser keeps none
  equal([comet.state, seen.named("comet.failure").map(({ permanent }) => permanent), world.timers], ["lost", [true], 0]);
});

test("H17 cookie_wasReplaced_isLostAndLeavesTheOtherPageAlone", async () => {
  for (const transport of ["stream", "poll"]) {
    const { world, comet, seen } = await byCookie(transport);
    const sending = failure(comet.send("chat.say", 1));
    await gone(world.last, "client-replaced");
    await gone(world.last, "client-replaced");
    equal([comet.state, seen.named("comet.sessionlost"), world.timers], ["lost", [{ previous: "pub-1", current: null }], 0]);
    equal([(await sending).code, paths(world).filter((path) => path === "connect").length], ["client-replaced", 1]);
    // Until the page, or its user, says so.
    comet.subscribe();
    await gone(world.last, "client-replaced");
    equal(paths(world).at(-1), "connect");
    await world.last.json({ ...COOKIE, publicToken: "pub-2" });
    equal([comet.state, comet.publicToken], ["connected", "pub-2"]);
  }
});

test("H17 cookie_wasReplacedWhileTheNetworkWasAway_isLost", async () => {
  const { world, comet } = await byCookie("stream");
  await world.last.breakOff();
  await world.advance(250);
  await gone(world.last, "client-replaced");
  equal([comet.state, paths(world).filter((path) => path === "connect").length], ["lost", 1]);
});

test("H17 disconnect_cookieWasReplaced_theServerWasNotTold", async () => {
  const { world, comet } = await byCookie();
  const disconnecting = comet.disconnect();
  await gone(world.last, "client-replaced");
  equal(await disconnecting, false);
});

// ---- tabs

for (const [who, index] of [["Leader", 0], ["Follower", 1]])
  test(`L8 L3 tabs_sendOfThe${who}IsToldThatTheSessionIsLost_allGetTheNewOne`, async () => {
    const { world, opened } = await tabs(3);
    for (let i = 0; i < 3; i++) failure(opened[index].comet.send("chat.say", i));
    const before = world.requests.length;
    for (const sent of world.requests.filter(({ path }) => path === "/comet/send")) await gone(sent);
    equal(paths(world, before), ["stream"], "the leader asks, once");
    await gone(world.last);
    await world.last.json(NEXT);
    await streams(world, 100);
    equal(opened.map(({ comet, seen }) => [comet.state, comet.publicToken, seen.named("comet.sessionlost")]),
      Array(3).fill(["connected", "pub-2", [{ previous: "pub-1", current: "pub-2" }]]));
    equal(paths(world).filter((path) => path === "connect").length, 2);
  });

for (const [who, index] of [["Leader", 0], ["Follower", 1]])
  test(`L8 L3 tabs_theLeaderWaitsAfterAFailure_sendOfThe${who}IsToldThatTheSessionIsLost_itAsksAtOnce`, async () => {
    const { world, opened } = await tabs(2);
    for (const { comet } of opened) comet.use("poll");
    await settle();
    for (let i = 0; i < 2; i++) {
      await world.last.fail();
      if (i === 0) await world.advance(opened[0].seen.named("comet.failure").at(-1).retryInMillis);
    }
    failure(opened[index].comet.send("chat.say", 1));
    const before = world.requests.length;
    await gone(world.last);
    equal(paths(world, before), ["poll"]);
    await gone(world.last);
    await world.last.json(NEXT);
    equal(opened.map(({ comet }) => comet.publicToken)[0], "pub-2");
  });

test("L8 L3 tabs_sessionLostWhileOneIsPaused_itGetsTheNewOneWhenItGoesOn", async () => {
  const { world, opened } = await tabs(2);
  const { comet, seen } = opened[1];
  comet.unsubscribe();
  await world.last.push(...refusal("client-does-not-exist"));
  await world.last.json(NEXT);
  await streams(world, 100);
  const before = world.requests.length;
  failure(comet.send("chat.say", 1));
  await gone(world.last);
  equal(paths(world, before), ["send"], "whoever leads knows better");
  comet.subscribe();
  await settle();
  equal([comet.publicToken, seen.named("comet.sessionlost")], ["pub-2", [{ previous: "pub-1", current: "pub-2" }]]);
  await opened[0].comet.state;
  await lastTo(world, "stream").push(message(101));
  equal([seen.ids(), comet.state], [[101], "connected"]);
  comet.send("chat.say", 1);
  equal(world.last.init.headers["Comet-Token"], "secret-2");
});

test("H17 L8 tabs_cookieWasReplaced_allAreLostUntilOneGoesOn", async () => {
  const { world, opened } = await tabs(3, {}, COOKIE);
  failure(opened[2].comet.send("chat.say", 1));
  await gone(world.last, "client-replaced");
  await gone(world.last, "client-replaced");
  equal([opened.map(({ comet }) => comet.state), paths(world).at(-1)], [["lost", "lost", "lost"], "stream"]);
  opened[1].comet.subscribe();
  await settle();
  await gone(world.last, "client-replaced");
  await world.last.json({ ...COOKIE, publicToken: "pub-2" });
  await streams(world);
  opened[2].comet.subscribe();
  await settle();
  equal(opened.map(({ comet }) => comet.publicToken), ["pub-1", "pub-2", "pub-2"]);
});
