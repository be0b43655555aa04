// Requests in both directions: of this client to the server, and of the server to this client.

import { refusal } from "./received-batch.js";
import { CometError } from "./error.js";
import { deadline } from "./exchange.js";
import { ENDED } from "./message-iterator.js";

/** @typedef {import("../comet.d.ts").CometMessage} Message */

/** This client's requests that wait for their reply, which comes as the answer to the request or, later, as a message. */
export class PendingRequests {
  #platform;
  /** @type {Map<string, (reply?: unknown, error?: CometError) => void>} */
  #waiting = new Map();

  /**
   * @param {import("../comet.d.ts").CometPlatform} platform
   * @param {(name: string, handle: (message: any) => void) => void} on
   */
  constructor(platform, on) {
    this.#platform = platform;
    on("comet.reply", ({ correlationId, contents }) => this.#waiting.get(correlationId)?.(contents));
    on("comet.refused", ({ correlationId, contents }) => this.#waiting.get(correlationId)?.(0, refusal(contents.code, contents.reason)));
    on("comet.sessionlost", () => this.#failAll("client-does-not-exist"));
    on("comet.state", ({ contents }) => ENDED.has(contents.to) && this.#failAll("closed"));
  }

  /**
   * @param {(correlationId: string) => Promise<unknown>} post  sends it; gives the reply, or undefined if that comes as a message
   * @param {number} millis
   * @returns {Promise<any>}
   */
  request(post, millis) {
    const { random } = this.#platform;
    const correlationId = [1, 2, 3].map(() => random().toString(36).slice(2)).join("-");
    return new Promise((resolve, reject) => {
      /** @param {unknown} [reply] @param {CometError} [error] */
      const end = (reply, error) => {
        limit.cancel();
        this.#waiting.delete(correlationId);
        if (error) reject(error);
        else resolve(reply);
      };
      const limit = deadline(this.#platform, millis, () => end(0, new CometError("timed-out", `no reply for ${millis} ms`)));
      this.#waiting.set(correlationId, end);
      post(correlationId).then(
        (reply) => reply === undefined || end(reply),
        // Without an answer it may have been handled all the same.
        (error) => (error.status || error.code === "parameters-invalid") && end(0, error),
      );
    });
  }

  /** @param {string} code */
  #failAll(code) {
    for (const end of this.#waiting.values()) end(0, new CometError(code, "the client ended before the reply came"));
  }
}

/**
 * Lets handlers answer a message that is a request.
 * @param {Message} message
 * @param {(body: object) => Promise<any>} post
 */
export function answerable(message, post) {
  const { name, correlationId } = message;
  if (!correlationId || name.startsWith("comet.")) return;
  // Not enumerable: a copy of the message, for a worker say, goes without.
  Object.defineProperties(message, {
    reply: { value: (/** @type {unknown} */ contents) => post({ correlationId, contents }) },
    refuse: { value: (/** @type {string} */ reason) => post({ correlationId, refused: reason }) },
  });
}
