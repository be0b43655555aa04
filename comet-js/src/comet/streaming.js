// The transport that is cheaper and faster where it gets through: one answer that does not end.

import { CometError } from "./error.js";
import { EventParser } from "./event-parser.js";
import { headersFor, interpret, PLAIN, within } from "./exchange.js";
import { parseMessage } from "./messages.js";

/** @typedef {import("./connection.js").Transport} Transport */
/** @typedef {import("./exchange.js").Turn} Turn */
/** @typedef {(path: string, body: unknown, millis: number) => Promise<unknown>} Post  also sees to what is refused */
/** @typedef {{aborter: AbortController, reader: ReadableStreamDefaultReader<Uint8Array>, parser: EventParser, began: number, pieces: number}} Open */

const FIRST_MILLIS = 6_000; // the server's first bytes come at once
const BEAT_SECONDS = 15; // until the server says otherwise
const LATE_BEAT_MILLIS = 10_000; // on top of a heart-beat
const ACK_MILLIS = 5_000;
const ACK_MESSAGES = 100;
/** A stream that has lived so long is none that something on the way does not want. */
const HEALTHY_MILLIS = 20_000;

/** @implements {Transport} */
export class Streaming {
  name = /** @type {const} */ ("stream");
  streams = true;
  #platform;
  #base;
  #session;
  #instance;
  #post;
  /** @type {Open | null} */
  #open = null;
  #beatSeconds = BEAT_SECONDS;
  #acknowledged = 0;
  #acknowledgedAt = 0;
  #received = 0; // since then
  #acknowledging = false;

  /**
   * @param {import("../comet.d.ts").CometPlatform} platform
   * @param {string} base
   * @param {import("../comet.d.ts").CometSession} session
   * @param {number} instance
   * @param {Post} post
   */
  constructor(platform, base, session, instance, post) {
    this.#platform = platform;
    this.#base = base;
    this.#session = session;
    this.#instance = instance;
    this.#post = post;
  }

  /** Whether something has come of the stream that is open. */
  get hasBegun() { return this.#open !== null && this.#open.pieces > 0; }

  get isHealthy() { return this.#open !== null && this.#platform.now() - this.#open.began >= HEALTHY_MILLIS; }

  /** @type {Transport["next"]} */
  async next(cursor, prompt, turn) {
    for (;;) {
      const open = (this.#open ??= await this.#begin(cursor, turn));
      this.#acknowledge(cursor);
      const messages = await this.#read(open, turn);
      if (messages) return messages;
      // Ended without a word, as what limits the life of streams does: goes on with another one, unless they all end so soon.
      if (!this.isHealthy) throw new CometError("network", "the stream ended");
      this.close();
    }
  }

  /** Breaks off what is under way; the next call begins anew. */
  close() {
    this.#open?.aborter.abort();
    this.#open = null;
  }

  /** @param {number} cursor @param {Turn} turn @returns {Promise<Open>} */
  async #begin(cursor, turn) {
    this.#acknowledged = cursor; // the request says so itself
    this.#acknowledgedAt = this.#platform.now();
    const aborter = new AbortController();
    const reader = await within(this.#platform, FIRST_MILLIS, turn, async (signal) => {
      signal.addEventListener("abort", () => aborter.abort());
      const url = `${this.#base}/stream?lastMessageId=${cursor}&instance=${this.#instance}`;
      let response, text;
      try {
        response = await this.#platform.fetch(url, { headers: headersFor(this.#session), ...PLAIN, signal: aborter.signal });
        if (response.ok && response.body && /^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? ""))
          return response.body.getReader();
        text = await response.text();
      } catch (cause) {
        throw new CometError("network", "the stream could not be opened", { cause });
      }
      interpret(response, text, JSON.parse);
      throw new CometError("answer-invalid", "the answer is no event stream", { status: response.status });
    });
    return { aborter, reader, parser: new EventParser(), began: this.#platform.now(), pieces: 0 };
  }

  /**
   * At least one message, or undefined at the end of the stream.
   * @param {Open} open @param {Turn} turn
   */
  async #read(open, turn) {
    for (;;) {
      const millis = open.pieces ? this.#beatSeconds * 1000 + LATE_BEAT_MILLIS : FIRST_MILLIS;
      const { done, value } = await within(this.#platform, millis, turn, async () => {
        try {
          return await open.reader.read();
        } catch (cause) {
          throw new CometError("network", "the stream was cut off", { cause });
        }
      });
      if (done) return undefined;
      const messages = open.parser.push(value).map(({ data }) => this.#parsed(data));
      if (messages.length) {
        open.pieces++;
        this.#received += messages.length;
        return messages;
      }
    }
  }

  /** @param {string} data */
  #parsed(data) {
    let message;
    try {
      message = parseMessage(data);
    } catch (cause) {
      throw new CometError("answer-invalid", "an event is not JSON", { cause });
    }
    if (message?.name === "comet.heartbeat" && message.contents?.nextInSeconds > 0) this.#beatSeconds = message.contents.nextInSeconds;
    return message;
  }

  /** Tells the server up to where it may forget, now and then; what gets lost of that is made up for by the next. @param {number} cursor */
  #acknowledge(cursor) {
    const now = this.#platform.now();
    const due = this.#received >= ACK_MESSAGES || now - this.#acknowledgedAt >= ACK_MILLIS;
    if (this.#acknowledging || cursor === this.#acknowledged || !due) return;
    this.#acknowledging = true;
    this.#acknowledged = cursor;
    this.#acknowledgedAt = now;
    this.#received = 0;
    this.#post("/ack", { lastMessageId: cursor }, LATE_BEAT_MILLIS)
      .catch(() => { this.#acknowledged = NaN; })
      .finally(() => { this.#acknowledging = false; });
  }
}
