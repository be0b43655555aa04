// Which transport to use: the stream where it gets through, polls where it does not, at the same cursor.

import { superseded } from "./received-batch.js";
import { CometError } from "./error.js";
import { Polling } from "./polling.js";
import { Streaming } from "./streaming.js";

/** @typedef {import("./exchange.js").Turn} Turn */

/**
 * How messages travel. `next` starts before it returns, gives the messages after the cursor, which it confirms, and rejects with a
 * CometError; one call at a time. `prompt` asks for a sign of life at once, because the state of the connection is in doubt.
 * @typedef {object} Transport
 * @property {"poll" | "stream"} name
 * @property {boolean} streams
 * @property {(cursor: number, prompt: boolean, turn: Turn) => Promise<unknown>} next
 * @property {() => void} close  breaks off what outlives a call of `next`
 */

const PROBE_MILLIS = 30_000;
const PROBE_CAP_MILLIS = 600_000;
/** What a stream can fail of that a poll may not. Anything else is the server's own word, or this client's. */
const IN_THE_WAY = new Set(["network", "silence", "unexpected-status", "answer-invalid", "no-such-endpoint"]);

export class Connection {
  /** @type {"auto" | "stream" | "poll"} */
  wanted;
  #now;
  #instance; // by which this client knows its own requests
  #polling;
  #streaming;
  /** @type {Transport} */
  #current;
  #pollUntil = 0;
  #probeMillis = PROBE_MILLIS;
  #cuts = 0; // of streams that did not live long, one after the other

  /**
   * @param {import("../comet.d.ts").CometPlatform} platform
   * @param {string} base
   * @param {import("../comet.d.ts").CometSession} session
   * @param {{hold?: number, transport: "auto" | "stream" | "poll"}} options
   * @param {import("./streaming.js").Post} post
   */
  constructor(platform, base, session, { hold, transport }, post) {
    this.wanted = transport;
    this.#now = platform.now;
    const instance = (this.#instance = Math.floor(platform.random() * 2 ** 52));
    this.#polling = new Polling(platform, base, session, instance, hold);
    this.#streaming = new Streaming(platform, base, session, instance, post);
    this.#current = transport === "poll" ? this.#polling : this.#streaming;
  }

  /** What is under way, or was last. */
  get name() { return this.#current.name; }

  /** Whether an answer may come at any time: it says nothing that it came early, or that it repeats what is known. */
  get streams() { return this.#current.streams; }

  /** @param {number} cursor @param {boolean} prompt @param {Turn} turn @returns {Promise<unknown>} */
  async next(cursor, prompt, turn) {
    try {
      const messages = /** @type {any} */ (await this.#next(cursor, prompt, turn));
      const end = messages?.find?.((/** @type {any} */ m) => m?.name === "comet.superseded");
      if (end) throw superseded(end);
      return messages;
    } catch (thrown) {
      // An older request of our own, given up, or repeated by the browser: nobody else is there.
      if (/** @type {CometError} */ (thrown).instance === this.#instance)
        throw new CometError("overtaken", "an older request of the same client took over");
      throw thrown;
    }
  }

  /** @param {number} cursor @param {boolean} prompt @param {Turn} turn @returns {Promise<unknown>} */
  async #next(cursor, prompt, turn) {
    const stream = this.wanted === "stream" || (this.wanted === "auto" && this.#now() >= this.#pollUntil);
    this.#current = stream ? this.#streaming : this.#polling;
    if (!stream) {
      this.close();
      try {
        return await this.#polling.next(cursor, prompt, turn);
      } catch (error) {
        this.#pollUntil = 0; // it was not the stream's fault
        throw error;
      }
    }
    try {
      const messages = await this.#streaming.next(cursor, prompt, turn);
      if (this.#streaming.isHealthy) {
        this.#cuts = 0;
        this.#probeMillis = PROBE_MILLIS;
      }
      return messages;
    } catch (thrown) {
      const error = /** @type {CometError} */ (thrown);
      const began = this.#streaming.hasBegun;
      const healthy = this.#streaming.isHealthy;
      this.close();
      if (this.wanted !== "auto" || !IN_THE_WAY.has(error.code)) throw error;
      if (began && error.code !== "silence" && (healthy || ++this.#cuts < 2)) throw error; // it may do better the next time
      if (began) {
        this.#pollForAWhile();
        throw error;
      }
      // It did not get through: nothing is wrong yet that the application should know of, if a poll does.
      this.#current = this.#polling;
      const answer = await this.#polling.next(cursor, prompt, turn);
      this.#pollForAWhile();
      return answer;
    }
  }

  #pollForAWhile() {
    this.#cuts = 0;
    this.#pollUntil = this.#now() + this.#probeMillis;
    this.#probeMillis = Math.min(PROBE_CAP_MILLIS, this.#probeMillis * 2);
  }

  close() {
    this.#streaming.close();
  }
}
