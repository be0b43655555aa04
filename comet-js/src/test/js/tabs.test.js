import { Comet } from "../../comet.js";
import { beat, streams } from "./clients.js";
import { equal, ok, test } from "./harness.js";
import { message, own, record, refusal, SESSION, settle, World } from "./world.js";

/** What a browser has for several tabs: locks in the order of asking, and channels. A frozen tab hears nothing until it thaws. */
class Browser {
  #queue = new Map();
  #tabs = [];

  tab(world) {
    const tab = { frozen: false, late: [], channels: [], locks: [] };
    this.#tabs.push(tab);
    tab.run = (action) => (tab.frozen ? tab.late.push(action) : action());
    tab.thaw = async () => {
      tab.frozen = false;
      tab.late.splice(0).forEach((action) => action());
      await settle();
    };
    tab.close = async () => {
      tab.frozen = true;
      tab.closed = true;
      tab.locks.forEach((lock) => lock.drop());
      await settle();
    };
    const locks = { request: (name, options, hold) => this.#request(tab, name, options, hold) };
    const channel = (name) => {
      const own = { name, postMessage: (data) => this.#post(own, data) };
      tab.channels.push(own);
      return own;
    };
    const { setTimeout, fetch } = world.platform;
    const platform = {
      ...world.platform, locks, channel,
      setTimeout: (action, millis) => setTimeout(() => tab.run(action), millis),
      fetch: (url, init) => new Promise((resolve, reject) => {
        fetch(url, init).then((response) => tab.run(() => resolve(response)), (error) => tab.run(() => reject(error)));
      }),
    };
    return Object.assign(tab, { platform });
  }

  #post(from, data) {
    const copy = structuredClone(data);
    for (const tab of this.#tabs)
      for (const to of tab.channels)
        if (to !== from && to.name === from.name && !tab.closed) queueMicrotask(() => tab.run(() => to.onmessage?.({ data: copy })));
  }

  #request(tab, name, { signal, steal }, hold) {
    return new Promise((resolve, reject) => {
      const queue = this.#queue.get(name) ?? [];
      this.#queue.set(name, queue);
      const lock = {
        drop: () => {
          const held = queue[0] === lock;
          queue.splice(queue.indexOf(lock), 1);
          if (held) queue[0]?.grant();
        },
        grant: () => queueMicrotask(() => tab.run(() => queue[0] === lock && Promise.resolve(hold({ name })).then(() => (lock.drop(), resolve())))),
        broken: () => queueMicrotask(() => tab.run(() => reject(new DOMException("stolen", "AbortError")))),
      };
      tab.locks.push(lock);
      signal?.addEventListener("abort", () => queue.includes(lock) && queue[0] !== lock && (lock.drop(), reject(signal.reason)));
      if (steal) {
        const before = queue.shift();
        queue.unshift(lock);
        before?.broken();
        lock.grant();
      } else {
        queue.push(lock);
        if (queue[0] === lock) lock.grant();
      }
    });
  }
}

/** So many tabs that share, the first of which leads. */
export async function tabs(count, options = {}, session = SESSION) {
  const world = new World();
  const browser = new Browser();
  const opened = [];
  for (let i = 0; i < count; i++) {
    const tab = browser.tab(world);
    const connecting = Comet.connect("/comet", {}, { platform: tab.platform, share: "ada", ...options });
    await settle();
    if (i === 0) await world.last.json(session);
    const comet = await connecting;
    await settle();
    if (i === 0) await streams(world);
    opened.push({ tab, comet, seen: record(comet) });
    await settle();
  }
  return { world, browser, opened };
}

const each = (opened, look) => opened.map(look);
const ids = (opened) => each(opened, ({ seen }) => seen.ids());

test("L8 tabs_ofOneOrigin_areOneClientWithOneConnection", async () => {
  const { world, opened } = await tabs(3);
  equal(world.requests.map(({ path }) => path), ["/comet/connect", "/comet/stream"]);
  await world.last.push(message(11), message(12));
  await world.last.push(message(13));
  equal(ids(opened), [[11, 12, 13], [11, 12, 13], [11, 12, 13]]);
  equal(each(opened, ({ comet }) => [comet.state, comet.transport, comet.publicToken, comet.lastMessageId]), Array(3).fill(["connected", "stream", "pub-1", 13]));
});

test("L8 tabs_ofAnotherName_areOthers", async () => {
  const { world, browser } = await tabs(1);
  const other = Comet.connect("/comet", {}, { platform: browser.tab(world).platform, share: "bob" });
  await settle();
  equal(world.last.path, "/comet/connect");
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal((await other).publicToken, "pub-2");
});

test("L8 tabs_leaderCloses_anotherGoesOnFromTheSameMessage", async () => {
  const { world, opened } = await tabs(3);
  await world.last.push(message(11));
  const [first, ...rest] = opened;
  await first.tab.close();
  equal([world.requests.length, world.last.path, world.last.query], [3, "/comet/stream", { lastMessageId: "11" }]);
  await streams(world, 11);
  await world.last.push(message(12));
  equal(ids(rest), [[11, 12], [11, 12]]);
  equal(each(rest, ({ comet, seen }) => [comet.state, seen.named("comet.gap"), seen.named("comet.failure")]), Array(2).fill(["connected", [], []]));
});

test("L8 tabs_leaderPauses_anotherGoesOn", async () => {
  const { world, opened } = await tabs(2);
  const [first, second] = opened;
  const stream = world.last;
  first.comet.unsubscribe();
  await settle();
  equal([stream.aborted, world.last.path, first.comet.state], [true, "/comet/stream", "paused"]);
  await streams(world);
  await world.last.push(message(11));
  equal(ids(opened), [[], [11]]);
  first.comet.subscribe();
  await settle();
  await world.last.push(message(12));
  equal(second.seen.ids(), [11, 12]);
  equal([first.seen.ids(), first.seen.named("comet.gap")], [[12], [{ from: 11, to: 11, reason: "overflow" }]], "what a paused tab has missed");
});

test("L8 tabs_leaderFreezes_anotherTakesOverAndTheFrozenOneFollows", async () => {
  const { world, opened } = await tabs(2);
  const [first, second] = opened;
  const stream = world.last;
  first.tab.frozen = true;
  await world.advance(32_000);
  ok(world.last !== stream, "another stream");
  equal(world.last.query, { lastMessageId: "10" });
  await streams(world);
  await world.last.push(message(11));
  equal(second.seen.ids(), [11]);
  await first.tab.thaw();
  await world.last.push(message(12));
  equal(ids(opened), [[11, 12], [11, 12]]);
  equal(each(opened, ({ comet }) => comet.state), ["connected", "connected"]);
  equal(world.requests.filter(({ path, aborted }) => path === "/comet/stream" && !aborted).length, 1, "streams that are open");
});

test("L8 tabs_leaderFrozen_newTabGetsIn", async () => {
  const { world, browser, opened } = await tabs(1);
  opened[0].tab.frozen = true;
  const connecting = Comet.connect("/comet", {}, { platform: browser.tab(world).platform, share: "ada" });
  await world.advance(2_000);
  equal(world.last.path, "/comet/connect");
  await world.last.json({ ...SESSION, publicToken: "pub-2" });
  equal((await connecting).publicToken, "pub-2");
});

test("L8 tabs_connectionFails_isAStateInAllOfThem", async () => {
  const { world, opened } = await tabs(2);
  await world.advance(1_000);
  await world.last.breakOff();
  equal(each(opened, ({ comet }) => comet.state), ["reconnecting", "reconnecting"]);
  await world.advance(250);
  await streams(world);
  equal(each(opened, ({ comet }) => comet.state), ["connected", "connected"]);
});

test("L8 L3 tabs_sessionLost_allGetTheNewOne", async () => {
  const { world, opened } = await tabs(3);
  await world.last.push(own("error", { code: "client-does-not-exist", reason: "ended" }));
  equal(world.last.path, "/comet/connect");
  await world.last.json({ ...SESSION, publicToken: "pub-2", privateToken: "secret-2", lastMessageId: 100 });
  await streams(world, 100);
  await world.last.push(message(101));
  equal(ids(opened), Array(3).fill([101]));
  equal(each(opened, ({ comet, seen }) => [comet.publicToken, seen.named("comet.sessionlost")]), Array(3).fill(["pub-2", [{ previous: "pub-1", current: "pub-2" }]]));
  equal(world.requests.filter(({ path }) => path === "/comet/connect").length, 2);
});

test("H17 L8 tabs_tokenIsInTheCookie_areOneClientAndGetTheNewOne", async () => {
  const { world, opened } = await tabs(3, {}, { ...SESSION, privateToken: undefined });
  equal(each(opened, ({ comet }) => comet.publicToken), ["pub-1", "pub-1", "pub-1"]);
  await world.last.push(own("error", { code: "client-does-not-exist", reason: "ended" }));
  await world.last.json({ ...SESSION, publicToken: "pub-2", privateToken: undefined, lastMessageId: 100 });
  await streams(world, 100);
  equal(each(opened, ({ comet }) => [comet.state, comet.publicToken]), Array(3).fill(["connected", "pub-2"]));
});

test("L8 tabs_oneDisconnects_allAreClosed", async () => {
  const { world, opened } = await tabs(2);
  const stream = world.last;
  const disconnecting = opened[1].comet.disconnect();
  await settle();
  equal(world.last.path, "/comet/disconnect");
  await world.last.raw("", 204);
  await stream.push(own("closed", { reason: "disconnected" }));
  ok(await disconnecting, "told");
  equal(each(opened, ({ comet }) => comet.state), ["closed", "closed"]);
});

test("L8 tabs_eachSends_asTheOneClient", async () => {
  const { world, opened } = await tabs(2);
  for (const { comet } of opened) {
    comet.send("chat.say", { text: "hello" });
    equal([world.last.path, world.last.init.headers["Comet-Token"]], ["/comet/send", "secret-1"]);
  }
});

test("L8 tabs_withoutLocks_areClientsOfTheirOwn", async () => {
  const world = new World();
  for (const missing of ["locks", "channel"]) {
    const { platform } = new Browser().tab(world);
    const connecting = Comet.connect("/comet", {}, { platform: { ...platform, [missing]: undefined }, share: "ada" });
    await settle();
    await world.last.json(SESSION);
    await connecting;
    equal(world.last.path, "/comet/stream");
  }
});
