// From answers to handlers.

import { CometError } from "./error.js";

/** @typedef {import("../comet.d.ts").CometMessage} Message */
/** @typedef {import("./received-batch.js").Entry} Entry */

/**
 * Hands messages to handlers: one after the other, in the order in which they were posted, never from within `post` and never from
 * within another handler. A handler that throws, or whose promise is rejected, hurts nobody else.
 */
export class Delivery {
  /** Up to where messages have been handed over. */
  lastMessageId = 0;
  /** @type {Map<string, Set<{handle: (message: Message) => unknown}>>} */
  #handlers = new Map();
  /** @type {Entry[]} */
  #queue = [];

  /** @param {string} name @param {(message: any) => unknown} handle */
  on(name, handle) {
    if (typeof handle !== "function") throw new CometError("parameters-invalid", `the handler of ${name} is ${handle}; use a function`);
    const entry = { handle };
    const entries = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, entries.add(entry));
    return () => {
      entries.delete(entry);
      // Names may be made up for one reply each.
      if (entries.size === 0 && this.#handlers.get(name) === entries) this.#handlers.delete(name);
    };
  }

  /** @param {Entry[]} entries */
  post(...entries) {
    if (this.#queue.length === 0) queueMicrotask(() => this.#deliver());
    for (const entry of entries) this.#queue.push(entry);
  }

  /** @param {string} name @param {object} contents @param {number} [cursor] */
  tell(name, contents, cursor) {
    this.post({ message: { id: 0, name, contents }, cursor });
  }

  #deliver() {
    // The queue may grow while it is walked through.
    for (const { message, cursor } of this.#queue) {
      if (cursor !== undefined) this.lastMessageId = cursor;
      this.#hand(message, message.name);
      this.#hand(message, message.name.startsWith("comet.") ? "comet.*" : "*");
    }
    this.#queue = [];
  }

  /** @param {Message} message @param {string} name */
  #hand(message, name) {
    const entries = this.#handlers.get(name) ?? new Set();
    for (const entry of [...entries]) {
      if (!entries.has(entry)) continue; // removed by a handler before it
      try {
        const result = /** @type {any} */ (entry.handle(message));
        if (typeof result?.then === "function") result.then(undefined, (/** @type {unknown} */ error) => this.#failed(error, message));
      } catch (error) {
        this.#failed(error, message);
      }
    }
  }

  /** @param {unknown} error @param {Message} message */
  #failed(error, message) {
    const heard = message.name !== "comet.handlererror" && this.#handlers.get("comet.handlererror")?.size;
    if (heard) this.tell("comet.handlererror", { error, message });
    else if (typeof globalThis.reportError === "function") globalThis.reportError(error);
    else console.error(error);
  }
}
