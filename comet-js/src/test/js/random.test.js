import { Comet } from "../../comet.js";
import { equal, ok, test } from "./harness.js";
import { dice, ModelServer } from "./model.js";
import { World } from "./world.js";

const SEEDS = 400;
const STEPS = 120;

for (let block = 0; block < SEEDS; block += 50)
  test(`L2 L3 L4 network_doesItsWorst_eachMessageOnceInOrderOrAnnounced seeds ${block}–${block + 49}`, async () => {
    let accepted = 0;
    for (let seed = block; seed < block + 50; seed++)
      try {
        accepted += await play(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      }
    ok(accepted > 50 * 30, `runs that show something, not ${accepted} messages`);
  });

async function play(seed) {
  const random = dice(seed);
  const world = new World();
  const server = new ModelServer(random);
  world.dice = random.next;
  world.deaf = random.chance(0.5);
  network(world, server, random, () => (quiet ? 0 : 0.3));
  let quiet = true;
  const connecting = Comet.connect("/comet", {}, { platform: world.platform, transport: random.pick(["auto", "auto", "stream", "poll"]), bufferLimit: 1 + random.below(5) });
  await world.advance(1_000);
  const comet = await connecting;
  const check = witness(comet, server, random);
  const checkLoop = reader(comet, server, world, random);
  quiet = false;
  for (let step = 0; step < STEPS; step++) {
    act(random, world, server, comet);
    await world.advance(random.pick([0, 1, 20, 300, 5_000]));
  }
  quiet = true;
  comet.subscribe();
  await world.advance(300_000);
  equal([comet.state, server.waiting], ["connected", 0], "in the end: state and messages that wait");
  check();
  comet.disconnect();
  await world.advance(200_000);
  checkLoop();
  return server.accepted;
}

function act(random, world, server, comet) {
  const roll = random.below(100);
  if (roll < 55) server.accept();
  else if (roll < 65) server.acceptForOthers();
  else if (roll < 75) server.letGo();
  else if (roll < 77) server.forget();
  else if (roll < 79) server.beginAnew();
  else if (roll < 83) world.sleep(random.pick([3_000, 60_000]));
  else if (roll < 86) world.page.dispatchEvent(new Event("online"));
  else if (roll < 90) comet.unsubscribe();
  else if (roll < 93) comet.use(random.pick(["auto", "stream", "poll"]));
  else comet.subscribe();
}

/** Looks at all that reaches the handlers; the function it gives looks at the whole in the end. */
function witness(comet, server, random) {
  const announced = new Set();
  let last = 0;
  const known = (upTo) => {
    for (let n = last + 1; n <= upTo; n++) ok(announced.has(n), `${n} to be seen or announced before ${upTo + 1}`);
  };
  const problems = [];
  const guard = (look) => (m) => {
    try {
      look(m);
    } catch (error) {
      problems.push(error.message);
    }
    if (random.chance(0.1)) throw new Error("by a handler");
  };
  comet.on("chat.said", guard(({ id, contents: { n } }) => {
    ok(n > last, `${n} to come once and after ${last}`);
    known(n - 1);
    last = n;
    ok(comet.lastMessageId === id, "lastMessageId to be that of the message");
  }));
  comet.on("comet.gap", guard(({ contents }) => contents.n.forEach((n) => announced.add(n))));
  comet.on("comet.sessionlost", guard(({ contents }) => {
    for (let n = 1; n <= server.births.get(contents.current); n++) announced.add(n);
  }));
  comet.on("comet.handlererror", () => {});
  comet.on("comet.superseded", guard(() => ok(false, "nobody else is there")));
  return () => {
    equal(problems, []);
    known(server.accepted);
  };
}

/** Reads in a loop that is too slow: what it missed it was told, in the place of what it missed. */
function reader(comet, server, world, random) {
  let [last, ended, problem] = [0, false, null];
  const announced = new Set();
  const read = async () => {
    for await (const { id, name, contents } of comet) {
      if (id) {
        ok(contents.n > last, `the loop to see ${contents.n} once and after ${last}`);
        for (let n = last + 1; n < contents.n; n++) ok(announced.has(n), `the loop to see ${n}, or a gap, before ${contents.n}`);
        last = contents.n;
      } else if (name === "comet.sessionlost") for (let n = 1; n <= server.births.get(contents.current); n++) announced.add(n);
      else if (contents.n) contents.n.forEach((n) => announced.add(n));
      else for (const [n, of] of server.ids) if (contents.reason === "unknown-cursor" || (of >= contents.from && of <= contents.to)) announced.add(n);
      if (random.chance(0.3)) await new Promise((resolve) => world.platform.setTimeout(resolve, random.pick([1, 100, 2_000])));
    }
    ended = true;
  };
  // Superseded ends a loop, and the client goes on: so does the next loop, from where the handlers are.
  const again = () => read().catch((error) => (error.code === "superseded" ? again() : (problem = error)));
  again();
  return () => {
    if (problem) throw problem;
    ok(ended, "the loop to end with the client");
    for (let n = last + 1; n <= server.accepted; n++) ok(announced.has(n), `the loop to see ${n}, or a gap, in the end`);
  };
}

/** Between client and server: each request is lost, late, repeated, cut or replaced with some probability. */
function network(world, server, random, probability) {
  let cached = null;
  const later = (action) => world.platform.setTimeout(action, random.pick([0, 1, 10, 100]));
  world.onRequest = (request) => {
    const faulty = random.chance(probability());
    if (request.path.endsWith("/stream")) return stream(world, server, random, request, faulty);
    const connect = !request.path.endsWith("/poll");
    const fault = faulty ? random.pick(connect ? CONNECT_FAULTS : FAULTS) : "none";
    if (fault === "blackHole") return;
    if (fault === "lost") return later(() => request.fail());
    if (fault === "badGateway") return later(() => request.raw("<html>", 502, { "Content-Type": "text/html" }));
    if (fault === "loginPage") return later(() => request.raw("<html>", 200, { "Content-Type": "text/html" }));
    if (fault === "repeated" && cached?.era === server.era) return later(() => request.json(cached.body));
    const deliver = () => {
      const answer = (status, body) => later(() => {
        if (fault === "answerLost" || fault === "late") request.fail();
        else if (fault === "answerCut") request.cut(status);
        else if (fault === "answerShort") request.raw(JSON.stringify(body).slice(0, -2), status, { "Content-Type": "application/json" });
        else if (body === "") request.raw(body, status);
        else request.json(body, status);
      });
      const caching = (status, body) => {
        // Nobody could tell a second "unknown cursor" from a repetition of the first: the one answer that must not be cached.
        if (status === 200 && !connect && !body.some((m) => m.contents.reason === "unknown-cursor")) cached = { era: server.era, body };
        answer(status, body);
      };
      server.handle(request, caching);
      world.platform.setTimeout(() => server.expire(caching), Number(request.query.hold ?? 25) * 1000);
    };
    if (fault !== "late") return later(deliver);
    later(() => request.fail());
    world.platform.setTimeout(deliver, random.pick([50, 500, 5_000, 20_000]));
  };
}

/** A stream is lost, cut, or kept back on its way by something that passes on nothing, or nothing any more. */
function stream(world, server, random, request, faulty) {
  const fault = faulty ? random.pick(STREAM_FAULTS) : "none";
  const later = (action, millis = random.pick([0, 1, 10, 100])) => world.platform.setTimeout(action, millis);
  if (fault === "blackHole") return;
  if (fault === "lost") return later(() => request.fail());
  if (fault === "badGateway") return later(() => request.raw("<html>", 502, { "Content-Type": "text/html" }));
  let passes = fault !== "buffered";
  let queue = Promise.resolve(); // what was sent earlier arrives earlier
  const arrive = (action) => { queue = queue.then(() => new Promise((done) => later(() => { if (passes) action(); done(); }))); };
  const open = () => {
    arrive(() => request.stream());
    const push = (...messages) => arrive(() => {
      if (fault !== "inPieces") return request.push(...messages);
      messages.forEach((m) => {
        const text = `id: ${m.id}\ndata: ${JSON.stringify(m)}\n\n`;
        const at = random.below(text.length);
        request.bytes(text.slice(0, at));
        request.bytes(text.slice(at));
      });
    });
    const beat = () => server.beat(push) && later(beat, 15_000);
    later(beat, 15_000);
    return { push, end: () => arrive(() => request.end()) };
  };
  const answer = (status, body) => (body === null ? open() : later(() => request.json(body, status)));
  const deliver = () => server.handle(request, answer);
  later(deliver, fault === "late" ? random.pick([500, 5_000]) : 1);
  if (fault === "cut") later(() => request.breakOff(), random.pick([50, 1_000, 30_000]));
  if (fault === "silent") later(() => { passes = false; }, random.pick([50, 1_000, 30_000]));
  if (fault === "late") later(() => request.fail(), 100);
}

const STREAM_FAULTS = ["lost", "late", "badGateway", "blackHole", "buffered", "inPieces", "cut", "silent"];
const FAULTS = ["lost", "late", "answerLost", "answerCut", "answerShort", "repeated", "badGateway", "loginPage", "blackHole"];
const CONNECT_FAULTS = ["lost", "answerLost", "answerCut", "badGateway", "loginPage", "blackHole"];
