// A server as docs/protocol.md describes it, small enough to be believed, with one client.
import { own, SESSION } from "./world.js";

/** Numbers from a seed (mulberry32). */
export function dice(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] };
}

const LIFE = 1_000_000; // ids of a new life begin this much lower: no cursor of an old one can be taken for a new one

/**
 * Accepts messages into a queue, frees what polls confirm, may let go of what waits and announces that. Accepted messages are numbered
 * (`n`); a gap carries the numbers it stands for, so that a test can tell what was announced from what was lost.
 */
export class ModelServer {
  accepted = 0;
  /** Of each accepted message, by its number. */
  ids = new Map();
  /** How many messages had been accepted when a session began, by its public token. */
  births = new Map();
  /** Changes with each session and each life of the store: what a cache on the way may not outlive. */
  era = 0;
  #random;
  #birth = 1_000 * LIFE;
  #top = this.#birth; // other clients' messages lie between
  #confirmed = this.#birth;
  #queue = [];
  #lost = []; // let go, and the client may not know yet
  #lostWithLife = []; // likewise, from before the store began anew
  #session = null;
  #held = null;
  #stream = null;

  constructor(random) {
    this.#random = random;
  }

  get waiting() {
    return this.#queue.length + this.#lost.length + this.#lostWithLife.length;
  }

  accept() {
    if (!this.#session) return;
    const id = (this.#top += 1 + this.#random.below(3));
    this.#queue.push({ id, name: "chat.said", contents: { n: ++this.accepted } });
    this.ids.set(this.accepted, id);
    this.#answerHeld();
  }

  /** Something for others: this client is to be moved along without a gap. */
  acceptForOthers() {
    this.#top += 1 + this.#random.below(5);
  }

  /** Lets go of a message that waits: the oldest, as a queue does, or any, as happens when several logs are merged. */
  letGo() {
    this.#lost.push(...this.#queue.splice(this.#random.chance(0.5) ? 0 : this.#random.below(this.#queue.length), 1));
    this.#lost.sort((a, b) => a.id - b.id);
  }

  /** Ends the session with all that waits for it. */
  forget() {
    this.#session = null;
    this.era++;
    [this.#queue, this.#lost, this.#lostWithLife] = [[], [], []];
    this.#end(404, [own("error", { code: "client-does-not-exist", reason: "ended" })]);
  }

  /** The store loses everything but who its clients are, and begins with lower ids. */
  beginAnew() {
    this.era++;
    this.#lostWithLife = [...this.#lostWithLife, ...this.#lost, ...this.#queue];
    [this.#queue, this.#lost] = [[], []];
    this.#birth = this.#top = this.#confirmed = this.#birth - LIFE;
    this.#end(503, [own("error", { code: "closed", reason: "begins anew" })]);
  }

  /** @param {import("./world.js").Request} request @param {(status: number, body: unknown) => void} answer */
  handle({ path, query, instance, body, init }, answer) {
    if (path.endsWith("/connect")) return answer(200, this.#connect());
    if (path.endsWith("/disconnect")) {
      this.forget();
      return answer(200, {});
    }
    if (init.headers["Comet-Token"] !== this.#session)
      return answer(404, [own("error", { code: "client-does-not-exist", reason: "unknown" })]);
    if (path.endsWith("/ack")) return answer(this.#confirm(body.lastMessageId) ? 204 : 400, "");
    this.#end(409, [own("superseded", { instance })]);
    const cursor = Number(query.lastMessageId);
    const known = this.#confirm(cursor);
    if (path.endsWith("/stream")) {
      this.#stream = { ...answer(200, null), known, sent: known ? cursor : this.#birth, lastSentId: 0 };
      this.#beat();
      return this.#pump();
    }
    this.#held = { answer, known };
    this.#answerHeld(query.hold === "0" || !known);
  }

  /** The hold of this request ends, if it is still held. */
  expire(answer) {
    if (this.#held?.answer === answer) this.#end(200, [own("timeout", { lastMessageId: this.#top })]);
  }

  /** Time for a heart-beat, if this stream is open. Gives whether it is. */
  beat(push) {
    const open = this.#stream?.push === push;
    if (open) this.#beat();
    return open;
  }

  #beat() {
    const { push, sent, lastSentId } = this.#stream;
    push(own("heartbeat", { lastMessageId: sent, lastSentId, nextInSeconds: 15 }));
  }

  /** Whether the cursor is of this life. */
  #confirm(cursor) {
    if (cursor > this.#top) return false;
    this.#lostWithLife = [];
    this.#confirmed = Math.max(this.#confirmed, cursor);
    this.#queue = this.#queue.filter(({ id }) => id > this.#confirmed);
    this.#lost = this.#lost.filter(({ id }) => id > this.#confirmed);
    return true;
  }

  #connect() {
    if (this.#session) this.forget();
    const number = this.births.size + 1;
    this.#session = `secret-${number}`;
    this.#confirmed = this.#top;
    this.births.set(`pub-${number}`, this.accepted);
    return { ...SESSION, publicToken: `pub-${number}`, privateToken: this.#session, lastMessageId: this.#top };
  }

  /** Passes on to the stream what it has not carried yet. */
  #pump() {
    if (!this.#stream) return;
    const { push, sent, known } = this.#stream;
    const batch = this.#queue.filter(({ id }) => id > sent);
    const lost = this.#lost.filter(({ id }) => id > sent);
    const body = [];
    if (!known) body.push(gap(this.#lostWithLife, "unknown-cursor", { from: 0, to: this.#birth }));
    if (lost.length) body.push(gap(lost, "overflow"));
    body.push(...batch);
    if (body.length) push(...body, own("cursor", { lastMessageId: this.#top }));
    Object.assign(this.#stream, { known: true, sent: this.#top });
    if (batch.length) this.#stream.lastSentId = batch.at(-1).id;
  }

  #answerHeld(atOnce = false) {
    this.#pump();
    if (!this.#held) return;
    const batch = this.#queue.slice(0, 1 + this.#random.below(4));
    const whole = batch.length === this.#queue.length;
    const upTo = whole ? this.#top : batch.at(-1).id;
    const lost = this.#lost.filter(({ id }) => id <= upTo);
    const body = [];
    if (!this.#held.known) body.push(gap(this.#lostWithLife, "unknown-cursor", { from: 0, to: this.#birth }));
    if (lost.length) body.push(gap(lost, "overflow"));
    body.push(...batch);
    if (body.length && whole) body.push(own("cursor", { lastMessageId: this.#top }));
    if (body.length) this.#end(200, body);
    else if (atOnce) this.#end(200, [own("timeout", { lastMessageId: this.#top })]);
  }

  #end(status, body) {
    const [held, stream] = [this.#held, this.#stream];
    this.#held = this.#stream = null;
    held?.answer(status, body);
    stream?.push(...body);
    stream?.end();
  }
}

function gap(lost, reason, range = { from: lost[0].id, to: lost.at(-1).id }) {
  return own("gap", { ...range, reason, n: lost.map(({ contents }) => contents.n) });
}
