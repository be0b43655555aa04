// One connection for several tabs: the one that holds the lock leads, and tells the others all that it hears.

import { CometError } from "./error.js";
import { within } from "./exchange.js";

/** @typedef {import("./connection.js").Transport} Transport */
/** @typedef {import("./exchange.js").Turn} Turn */
/** @typedef {import("../comet.d.ts").CometSession} Session */

/**
 * What tabs say to each other.
 * @typedef {{hello: true} | {ping: true} | {pong: true} | {doubt: string} | {session: Session} | Answer | {error: Failure}} Word
 * @typedef {{body: unknown, from: number, via: "poll" | "stream"}} Answer
 * @typedef {{code: string, reason: string, status?: number, retryAfterSeconds?: number}} Failure
 */

const HELLO_MILLIS = 2_000;
const SILENCE_MILLIS = 30_000; // a leader hears a heart-beat or the end of a hold more often than that
const PONG_MILLIS = 2_000;

/** Whether several tabs can share a connection here. @param {import("../comet.d.ts").CometPlatform} platform */
export const canShare = ({ locks, channel }) => locks !== undefined && channel !== undefined;

/** @implements {Transport} */
export class Tabs {
  #platform;
  #lock;
  #channel;
  /** @type {import("./connection.js").Connection | null} */
  #connection = null;
  /** @type {Session | null} the last one that anybody spoke of */
  #session = null;
  /** @type {Session | null} that of this tab */
  #own = null;
  #leads = false;
  #release = () => {};
  /** @type {AbortController | null} of the wait for the lock */
  #waiting = null;
  /** @type {(Answer | {error: Failure})[]} what a follower has not looked at yet */
  #heard = [];
  #listen = () => {};
  /** @type {Turn | null} in which this tab is asking the server */
  #asking = null;
  #prompt = false; // and whether for an answer at once
  /** @type {Turn | null} the last one that has asked for more */
  #turn = null;
  #heardAt = 0;
  /** @type {"poll" | "stream" | undefined} how messages reach whoever leads */
  #via;

  /**
   * @param {import("../comet.d.ts").CometPlatform} platform
   * @param {string} name  tabs that give the same share
   */
  constructor(platform, name) {
    this.#platform = platform;
    this.#lock = `comet ${name}`;
    this.#channel = /** @type {(name: string) => BroadcastChannel} */ (platform.channel)(this.#lock);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
  }

  /** @param {import("./connection.js").Connection} connection @param {Session} session */
  over(connection, session) {
    this.#connection = connection;
    this.#own = session;
    return this;
  }

  get name() { return this.#leads || !this.#via ? (this.#connection?.name ?? "poll") : this.#via; }
  get streams() { return !this.#leads || (this.#connection?.streams ?? false); }
  get wanted() { return this.#connection?.wanted ?? "auto"; }
  set wanted(transport) { if (this.#connection) this.#connection.wanted = transport; }

  /**
   * The session of whoever leads; if that is this tab, one that `make` makes.
   * @param {() => Promise<Session>} make
   * @param {Session} [lost]  one that is no use any more
   * @returns {Promise<Session>}
   */
  async session(make, lost) {
    this.enter();
    const wait = async () => {
      while (!this.#leads) {
        if (this.#differs(lost)) return /** @type {Session} */ (this.#session);
        await new Promise((resolve) => { this.#listen = () => resolve(undefined); });
      }
      const session = await make();
      this.#say({ session });
      return (this.#session = session);
    };
    this.#heardAt = 0;
    this.#say({ hello: true });
    const timer = this.#platform.setTimeout(() => {
      if (this.#heardAt === 0) this.#steal(); // whoever leads is frozen
    }, HELLO_MILLIS);
    try {
      return await wait();
    } finally {
      this.#platform.clearTimeout(timer);
    }
  }

  /** All of it counts: a private token that is in the cookie is not seen here. @param {Session | null} [session] */
  #differs(session) {
    return this.#session && JSON.stringify(this.#session) !== JSON.stringify(session);
  }

  /** Whether the session is lost is to be known at once, because a request of this client was refused: whoever leads asks. @param {string} publicToken */
  doubt(publicToken) {
    if (!this.#leads) this.#say({ doubt: publicToken });
    else if (publicToken === this.#own?.publicToken) {
      if (!this.#prompt) this.#asking?.restart?.();
      this.#turn?.hurry?.();
    }
  }

  /** @type {Transport["next"]} */
  async next(cursor, prompt, turn) {
    this.#turn = turn;
    this.enter();
    for (;;) {
      const word = this.#heard.shift();
      if (word === undefined) {
        if (this.#leads) return this.#lead(cursor, prompt, turn);
        if (this.#differs(this.#own)) throw new CometError("client-does-not-exist", "another tab has another session");
        await this.#silence(turn);
      } else if ("body" in word) {
        return this.#taken(word, cursor); // also in a tab that leads by now: what the one before it had heard
      } else if (!this.#leads) {
        throw new CometError(word.error.code, word.error.reason, word.error);
      }
    }
  }

  /** @param {Answer} answer @param {number} cursor */
  #taken({ body, from, via }, cursor) {
    this.#via = via;
    return from > cursor && Array.isArray(body) ? [gap(cursor, from), ...body] : body;
  }

  /** @param {number} cursor @param {boolean} prompt @param {Turn} turn */
  async #lead(cursor, prompt, turn) {
    this.#asking = turn;
    this.#prompt = prompt;
    try {
      const body = await /** @type {Transport} */ (this.#connection).next(cursor, prompt, turn);
      this.#say({ body, from: cursor, via: this.name });
      return body;
    } catch (thrown) {
      const { code, reason, status, retryAfterSeconds } = /** @type {CometError} */ (thrown);
      if (code !== "cancelled" && code !== "restarted" && code !== "slept") this.#say({ error: { code, reason, status, retryAfterSeconds } });
      throw thrown;
    } finally {
      this.#asking = null;
    }
  }

  /** Waits until something is heard; if nothing is, finds out whether anybody leads. @param {Turn} turn */
  async #silence(turn) {
    const heard = () => new Promise((resolve) => { this.#listen = () => resolve(true); });
    try {
      await within(this.#platform, SILENCE_MILLIS, turn, heard);
      return;
    } catch (thrown) {
      if (/** @type {CometError} */ (thrown).code !== "silence" && /** @type {CometError} */ (thrown).code !== "slept") throw thrown;
    }
    this.#say({ ping: true });
    try {
      await within(this.#platform, PONG_MILLIS, turn, heard);
    } catch (thrown) {
      if (/** @type {CometError} */ (thrown).code !== "silence") throw thrown;
      this.#steal();
    }
  }

  /** Takes part: leads as soon as nobody else does. */
  enter() {
    if (this.#leads || this.#waiting) return;
    this.#waiting = new AbortController();
    this.#ask({ signal: this.#waiting.signal });
  }

  #steal() {
    if (this.#leads) return;
    this.#waiting?.abort();
    this.#waiting = new AbortController();
    this.#ask({ steal: true });
  }

  /** @param {LockOptions} options */
  #ask(options) {
    const hold = () => new Promise((resolve) => {
      this.#leads = true;
      this.#waiting = null;
      this.#release = () => resolve(undefined);
      this.#listen();
    });
    /** @type {LockManager} */ (this.#platform.locks).request(this.#lock, options, hold).catch(() => {
      if (!this.#leads || options.signal?.aborted) return;
      // Another tab has taken over, because this one was asleep: what it asked for is not for it any more.
      this.#leads = false;
      this.#connection?.close();
      this.#asking?.restart?.();
    });
  }

  /** @param {Word} word */
  #say(word) {
    this.#channel.postMessage(word);
  }

  /** @param {Word} word */
  #hear(word) {
    if ("hello" in word) {
      if (this.#leads) this.#say(this.#session ? { session: this.#session } : { pong: true });
    } else if ("ping" in word) {
      if (this.#leads) this.#say({ pong: true });
    } else if ("doubt" in word) {
      if (this.#leads) this.doubt(word.doubt);
    } else {
      this.#heardAt = this.#platform.now();
      if ("session" in word) this.#session = word.session;
      else if (!("pong" in word) && (this.#leads || this.#waiting)) this.#heard.push(word);
      this.#listen();
    }
  }

  /** Breaks off what outlives a call of `next`. */
  close() {
    this.#connection?.close();
  }

  /** Takes part no more: somebody else may lead. */
  leave() {
    this.close();
    this.#waiting?.abort();
    this.#waiting = null;
    this.#heard = [];
    if (!this.#leads) return;
    this.#leads = false;
    this.#release();
  }
}

/** What a tab that was asleep has not heard. @param {number} cursor @param {number} from */
const gap = (cursor, from) => ({ id: 0, name: "comet.gap", contents: { from: cursor + 1, to: from, reason: "overflow" } });
