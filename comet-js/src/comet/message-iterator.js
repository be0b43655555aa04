// From handlers to `for await` loops.

/** @typedef {import("../comet.d.ts").CometMessage} Message */
/** @typedef {import("../comet.d.ts").CometState} State */
/** @typedef {import("./error.js").CometError} CometError */

/** @type {ReadonlySet<State>} */
export const ENDED = new Set(/** @type {State[]} */ (["lost", "superseded", "closed"]));

/** @typedef {{resolve: (result: IteratorResult<Message, undefined>) => void, reject: (error: unknown) => void}} Reader */

/**
 * What one `for await` loop reads: a buffer between handlers, which wait for nobody, and a reader who takes his time. Listens from its
 * making until it is left or ended. When the buffer is full the oldest go, and what stands for them comes before all the rest.
 */
export class MessageIterator {
  /** @type {Message[]} */
  #buffer = [];
  /** @type {{previous: string, current: string | null} | null} sessions that went, made one */
  #session = null;
  /** @type {{from: number, to: number, reason: string} | null} messages that went, after those sessions */
  #gap = null;
  /** @type {Reader[]} */
  #readers = [];
  /** @type {(() => void)[]} */
  #removals;
  #left = false;
  #limit;
  #ended;
  #error;

  /**
   * @param {(name: string, handle: (message: any) => void) => () => void} on
   * @param {number} limit
   * @param {State} state
   * @param {() => CometError | null} error  why it ended, unless that was meant
   */
  constructor(on, limit, state, error) {
    this.#limit = limit;
    this.#ended = ENDED.has(state);
    this.#error = error;
    this.#removals = ["*", "comet.gap", "comet.sessionlost"].map((name) => on(name, (message) => this.#keep(message)));
    // As handlers are told, not as it is: the last messages may be on their way to them.
    this.#removals.push(on("comet.state", ({ contents }) => {
      this.#ended = ENDED.has(contents.to);
      this.#serve();
    }));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** @returns {Promise<IteratorResult<Message, undefined>>} */
  next() {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Answers readers that wait, too: a generator would let them, and this, wait for the next message. */
  async return() {
    this.#leave();
    this.#serve();
    return /** @type {const} */ ({ done: true, value: undefined });
  }

  #serve() {
    for (let reader; (reader = this.#readers[0]); this.#readers.shift()) {
      const value = this.#take();
      if (value) {
        reader.resolve({ done: false, value });
        continue;
      }
      if (!this.#left && !this.#ended) return;
      const error = this.#left ? null : this.#error();
      this.#leave();
      if (error) reader.reject(error);
      else reader.resolve({ done: true, value: undefined });
    }
  }

  /** @returns {Message | undefined} */
  #take() {
    const [session, gap] = [this.#session, this.#gap];
    if (session) {
      this.#session = null;
      return { id: 0, name: "comet.sessionlost", contents: session };
    }
    if (gap) {
      this.#gap = null;
      return { id: 0, name: "comet.gap", contents: gap };
    }
    return this.#buffer.shift();
  }

  /** @param {Message} message */
  #keep(message) {
    this.#buffer.push(message);
    if (this.#buffer.length > this.#limit) this.#drop(/** @type {Message} */ (this.#buffer.shift()));
    this.#serve();
  }

  /** @param {Message} message */
  #drop({ id, name, contents }) {
    if (name === "comet.sessionlost") {
      this.#session = { previous: this.#session?.previous ?? contents.previous, current: contents.current };
      this.#gap = null; // a lost session says that as well
      return;
    }
    const gap = id ? { from: id, to: id } : contents;
    const before = this.#gap ?? gap;
    // That ids began anew must not be forgotten.
    const reason = [before, gap].some((either) => either.reason === "unknown-cursor") ? "unknown-cursor" : "overflow";
    this.#gap = { from: Math.min(before.from, gap.from), to: Math.max(before.to, gap.to), reason };
  }

  #leave() {
    this.#left = true;
    for (const remove of this.#removals) remove();
    this.#buffer = [];
    this.#session = this.#gap = null;
  }
}
