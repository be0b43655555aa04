// The transport that works everywhere: one held request after the other.

import { exchange } from "./exchange.js";

/** @typedef {import("./connection.js").Transport} Transport */

const GRACE_MILLIS = 10_000; // on top of the hold: the way there and back
const CUT_MILLIS = 3_000; // what fails sooner was not cut because it was held
const MARGIN = 0.7; // of what lived: what is cut at 30 s is asked to end after 21
const CALM_CAP = 32;

/** @implements {Transport} */
export class Polling {
  name = /** @type {const} */ ("poll");
  streams = false;
  #platform;
  #base;
  #session;
  #instance;
  #full;
  #always; // asks for a hold of its own, whether or not it is the server's
  // How long a request is asked to be held, as learned from those that were cut. Grows by half after `calm` of them have lived that long;
  // a request that is cut when it was to be longer than one that lived doubles `calm`.
  #hold;
  #lived = 0;
  #calm = 1;
  #quiet = 0;

  /**
   * @param {import("../comet.d.ts").CometPlatform} platform
   * @param {string} base
   * @param {import("../comet.d.ts").CometSession} session
   * @param {number} instance
   * @param {number} [hold]  seconds, at most
   */
  constructor(platform, base, session, instance, hold) {
    this.#platform = platform;
    this.#base = base;
    this.#session = session;
    this.#instance = instance;
    this.#full = hold ?? session.connectionTimeoutSeconds;
    this.#hold = this.#full;
    this.#always = hold !== undefined;
  }

  /** @type {Transport["next"]} */
  async next(cursor, prompt, turn) {
    const { now } = this.#platform;
    const hold = prompt ? 0 : this.#hold;
    const asked = prompt || this.#always || hold < this.#full ? `&hold=${hold}` : "";
    const began = now();
    try {
      const url = `${this.#base}/poll?lastMessageId=${cursor}&instance=${this.#instance}${asked}`;
      const answer = await exchange(this.#platform, url, { session: this.#session, millis: hold * 1000 + GRACE_MILLIS }, turn);
      if (!prompt && now() - began >= hold * 900) this.#hasLived(hold);
      return answer;
    } catch (thrown) {
      const { code } = /** @type {import("./error.js").CometError} */ (thrown);
      const millis = now() - began;
      if (!prompt && millis >= CUT_MILLIS && ["network", "silence", "unexpected-status"].includes(code)) this.#wasCut(hold, millis);
      throw thrown;
    }
  }

  close() {}

  /** @param {number} hold */
  #hasLived(hold) {
    this.#lived = Math.max(this.#lived, hold);
    if (hold < this.#full && ++this.#quiet >= this.#calm) {
      this.#quiet = 0;
      this.#hold = Math.min(this.#full, Math.ceil(hold * 1.5));
    }
  }

  /** @param {number} hold @param {number} millis */
  #wasCut(hold, millis) {
    this.#quiet = 0;
    const longest = Math.max(1, Math.floor((Math.min(millis, hold * 1000) / 1000) * MARGIN));
    if (hold > this.#lived && this.#lived > 0) {
      this.#calm = Math.min(CALM_CAP, this.#calm * 2);
      this.#hold = Math.min(this.#lived, longest);
    } else this.#hold = longest;
    this.#lived = Math.min(this.#lived, this.#hold);
  }
}
