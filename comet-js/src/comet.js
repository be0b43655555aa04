// The Comet client for browsers and Node 18+: one ES module without dependencies. It speaks docs/protocol.md.
// One file, because it is served as it is, without a build. Top to bottom: errors, time, one HTTP exchange, the transport, what an answer
// means, delivery to handlers, delivery to loops, the client.

/** @typedef {import("./comet.d.ts").CometMessage} Message */
/** @typedef {import("./comet.d.ts").CometState} State */
/** @typedef {import("./comet.d.ts").CometSession} Session */
/** @typedef {import("./comet.d.ts").CometPlatform} Platform */
/** @typedef {import("./comet.d.ts").CometOptions} CometOptions */
/** @typedef {import("./comet.d.ts").AdoptOptions} AdoptOptions */
/** @typedef {import("./comet.d.ts").ConnectOptions} ConnectOptions */
/** @typedef {import("./comet.d.ts").SendRequest} SendRequest */

/**
 * One stretch of being subscribed. What it is busy with at the moment, a request or a wait, leaves here how to break it off.
 * @typedef {object} Turn
 * @property {AbortController} ended   aborted when the turn is over; removes its listeners
 * @property {() => void} [cancel]     breaks off for good
 * @property {(certain: boolean) => void} [wake]  the network (certain) or the user is back: a wait ends, a request starts again if the
 *   network was away or if it is overdue
 */

/**
 * The seam between the client, which owns cursor, order, states and backoff, and how messages travel.
 * `next` starts before it returns, gives the messages after the cursor, and rejects with a CometError; one call at a time.
 * `prompt` asks for an answer at once, because the state of the connection is in doubt.
 * @typedef {object} Transport
 * @property {string} name
 * @property {(cursor: number, prompt: boolean, turn: Turn) => Promise<unknown>} next
 */

/** @typedef {{message: Message, cursor?: number}} Entry  a message, and where the cursor is once it has been handed over */

const BACKOFF_MILLIS = 250;
const BACKOFF_CAP_MILLIS = 30_000;
const WAIT_CAP_MILLIS = 300_000; // what a server may ask for; also keeps clear of timers that overflow and fire at once
const GRACE_MILLIS = 10_000; // on top of the hold: the way there and back
const SLICE_MILLIS = 5_000;
const LATE_MILLIS = 5_000;
const OVERTAKEN_MILLIS = 5_000;
const EARLY_MILLIS = 500; // the shortest hold is a second

/** @type {ReadonlySet<State>} */
const ENDED = new Set(/** @type {State[]} */ (["lost", "superseded", "closed"]));

export class CometError extends Error {
  /**
   * @param {string} code  the server's, or one of this client's own
   * @param {string} reason
   * @param {{status?: number, retryAfterSeconds?: number, index?: number, cause?: unknown}} [details]
   */
  constructor(code, reason, { status, retryAfterSeconds, index, cause } = {}) {
    super(`${code}: ${reason}`, { cause });
    this.name = "CometError";
    this.code = code;
    this.reason = reason;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.index = index;
  }

  /** Whether Comet itself, not something on the way, refused what it would refuse again. A conflict (409) or a limit (429) may pass. */
  get permanent() {
    const { code, status = 0 } = this;
    return status >= 400 && status < 500 && status !== 409 && status !== 429 && code !== "unexpected-status";
  }
}

/** @type {Platform} */
const PLATFORM = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  setTimeout: (action, millis) => setTimeout(action, millis),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
  page: typeof globalThis.addEventListener === "function" ? globalThis : new EventTarget(),
};

/**
 * Calls `expired` when `millis` have passed, and says whether it was the timer that was late (a machine that slept, a frozen tab)
 * rather than the peer. Waits in slices: a machine that wakes up finds out soon, and a clock that is set back costs nothing.
 * @param {Platform} platform
 * @param {number} millis
 * @param {(late: boolean) => void} expired
 */
function deadline(platform, millis, expired) {
  let left = millis;
  let late = false;
  let since = 0;
  /** @type {unknown} */
  let timer;
  const arm = () => {
    const slice = Math.min(left, SLICE_MILLIS);
    since = platform.now();
    timer = platform.setTimeout(() => {
      const passed = Math.max(slice, platform.now() - since);
      late ||= passed > slice + LATE_MILLIS;
      left -= passed;
      if (left > 0) arm();
      else expired(late);
    }, slice);
  };
  arm();
  return {
    cancel: () => platform.clearTimeout(timer),
    isOverdue: () => platform.now() - since >= left,
  };
}

/**
 * Does what may take for ever, for `millis` at most and until its turn breaks it off. Broken off means over, whether or not the task heeds
 * its signal: what comes late reaches nobody.
 * @template T
 * @param {Platform} platform
 * @param {number} millis
 * @param {Partial<Turn>} turn
 * @param {(signal: AbortSignal) => Promise<T>} task
 * @returns {Promise<T>}
 */
async function within(platform, millis, turn, task) {
  const aborter = new AbortController();
  /** @type {(error: CometError) => void} */
  let reject;
  /** @type {Promise<never>} */
  const brokenOff = new Promise((_, rejectIt) => { reject = rejectIt; });
  /** @param {string} code @param {string} reason */
  const breakOff = (code, reason) => {
    aborter.abort();
    reject(new CometError(code, reason));
  };
  const limit = deadline(platform, millis, (late) =>
    late ? breakOff("slept", "this machine or page was asleep") : breakOff("silence", `no answer for ${millis} ms`),
  );
  turn.cancel = () => breakOff("cancelled", "broken off by this client");
  turn.wake = (certain) => {
    if (certain || limit.isOverdue()) breakOff("slept", "the network or the page came back");
  };
  try {
    return await Promise.race([task(aborter.signal), brokenOff]);
  } finally {
    limit.cancel();
    turn.cancel = turn.wake = undefined;
  }
}

/**
 * One request and its whole answer: the JSON body of a 2xx, undefined if that is empty. Rejects with a CometError.
 * @param {Platform} platform
 * @param {string} url
 * @param {{privateToken?: string, body?: unknown, millis: number}} request  with a body it is a POST
 * @param {Partial<Turn>} [turn]
 * @returns {Promise<unknown>}
 */
async function exchange(platform, url, { privateToken, body, millis }, turn = {}) {
  /** @type {Record<string, string>} */
  const headers = { "Comet-Request": "1" };
  if (privateToken) headers.Authorization = `Bearer ${privateToken}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : encoded(body);

  return within(platform, millis, turn, async (signal) => {
    let response, content;
    try {
      response = await platform.fetch(url, {
        method: text === undefined ? "GET" : "POST",
        headers,
        body: text,
        cache: "no-store",
        credentials: "same-origin",
        signal,
      });
      content = await response.text();
    } catch (cause) {
      throw new CometError("network", "the request failed, or its answer was cut off", { cause });
    }
    return interpret(response, content);
  });
}

/** @param {unknown} body */
function encoded(body) {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw new CometError("parameters-invalid", "this cannot be written as JSON; see the cause", { cause });
  }
}

/**
 * @param {Response} response
 * @param {string} text
 * @returns {unknown}
 */
function interpret({ ok, status, headers }, text) {
  if (ok && text === "") return undefined;
  const type = headers.get("Content-Type") ?? "no type";
  let body;
  let cause;
  try {
    if (/^application\/json\b/i.test(type)) body = JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  if (ok) {
    if (body === undefined) throw new CometError("answer-invalid", `the body is not JSON (${type})`, { status, cause });
    return body;
  }
  const seconds = Number(headers.get("Retry-After") ?? NaN);
  const retryAfterSeconds = seconds >= 0 ? seconds : undefined;
  const own = Array.isArray(body) && body.find((m) => m?.name === "comet.error" || m?.name === "comet.superseded");
  // A status without Comet's own words comes from something on the way (a 404 while a proxy restarts is no lost session).
  if (!own) throw new CometError("unexpected-status", `HTTP ${status} (${type})`, { status, retryAfterSeconds });
  if (own.name === "comet.superseded") throw superseded(status);
  const { code, reason, index } = own.contents ?? {};
  throw new CometError(String(code), String(reason), { status, retryAfterSeconds, index });
}

/** @param {number} [status] */
const superseded = (status) => new CometError("superseded", "a newer poll of the same client took over", { status });

/**
 * The transport that works everywhere: one held request after the other.
 * @param {Platform} platform
 * @param {string} base
 * @param {Session} session
 * @param {number} [hold]  seconds
 * @returns {Transport}
 */
function polling(platform, base, { privateToken, connectionTimeoutSeconds }, hold) {
  return {
    name: "poll",
    next(cursor, prompt, turn) {
      const asked = prompt ? 0 : hold;
      const url = `${base}/poll?lastMessageId=${cursor}${asked === undefined ? "" : `&hold=${asked}`}`;
      const millis = (asked ?? connectionTimeoutSeconds) * 1000 + GRACE_MILLIS;
      return exchange(platform, url, { privateToken, millis }, turn);
    },
  };
}

/**
 * What an answer means: where the cursor goes, what is to be handed over in which order, and how to go on. Changes nothing, and takes
 * an answer as a whole or not at all.
 * @param {number} cursor
 * @param {unknown} answer
 * @param {boolean} early  it came so soon that a hold cannot have ended
 */
function digest(cursor, answer, early) {
  if (!Array.isArray(answer) || !answer.every(isMessage))
    throw new CometError("answer-invalid", "the answer is not an array of messages");
  /** @type {Entry[]} */
  const entries = [];
  /** @type {number | undefined} */
  let waitMillis;
  /** @type {string | undefined} */
  let closed;
  let repeated = true;
  for (const message of answer) {
    const { id, name, contents } = message;
    if (id > 0) {
      if (id <= cursor) continue;
      entries.push({ message, cursor: (cursor = id) });
    } else if (name === "comet.superseded") {
      throw superseded();
    } else if (name === "comet.gap") {
      const to = position(contents.to);
      if (contents.reason === "unknown-cursor") cursor = to;
      else if (to <= cursor) continue;
      entries.push({ message, cursor });
    } else {
      if (early && name === "comet.timeout" && position(contents.lastMessageId) <= cursor) continue;
      if (name === "comet.reconnect") waitMillis = Math.min(Math.max(Number(contents.delayMillis) || 0, 0), WAIT_CAP_MILLIS);
      if (name === "comet.closed") closed = String(contents.reason);
      if (name === "comet.timeout" || name === "comet.cursor") cursor = Math.max(cursor, position(contents.lastMessageId));
      if (name === "comet.timeout" || name === "comet.reconnect") entries.push({ message, cursor });
    }
    repeated = false;
  }
  // Nothing but what is known already: asking again at once would turn a stale cache on the way into a storm.
  if (repeated) throw new CometError("answer-invalid", "the answer contains nothing new");
  return { cursor, entries, waitMillis, closed };
}

/** @param {any} m @returns {m is Message} */
const isMessage = (m) =>
  Number.isSafeInteger(m?.id) && typeof m.name === "string" && (m.id > 0 || (m.id === 0 && m.contents && typeof m.contents === "object"));

/** @param {unknown} id @returns {number} */
function position(id) {
  if (Number.isSafeInteger(id) && Number(id) >= 0) return Number(id);
  throw new CometError("answer-invalid", `${id} is not a message id`);
}

/**
 * Hands messages to handlers: one after the other, in the order in which they were posted, never from within `post` and never from
 * within another handler. A handler that throws, or whose promise is rejected, hurts nobody else.
 */
class Delivery {
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

/** @typedef {{resolve: (result: IteratorResult<Message, undefined>) => void, reject: (error: unknown) => void}} Reader */

/**
 * What one `for await` loop reads: a buffer between handlers, which wait for nobody, and a reader who takes his time. Listens from its
 * making until it is left or ended. When the buffer is full the oldest go, and what stands for them comes before all the rest.
 */
class Loop {
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

/** As the protocol defines it. What is no token would make fetch fail for ever, with the token in its error. */
const TOKEN = /^[A-Za-z0-9\-._~+/=]{1,256}$/;

/** @param {any} session @returns {Session} */
function checked(session) {
  const { publicToken, privateToken, displayName, connectionTimeoutSeconds, lastMessageId = 0 } = session ?? {};
  /** @param {string} name @param {unknown} value @param {string} rule */
  const refuse = (name, value, rule) => new CometError("parameters-invalid", `${name} is ${value}; ${rule}`);
  if (typeof publicToken !== "string" || publicToken === "") throw refuse("publicToken", publicToken, "use the one that the server gave");
  if (privateToken != null && !(typeof privateToken === "string" && TOKEN.test(privateToken)))
    throw refuse("privateToken", "not shown", "use the one that the server gave, or leave it out if it is in a cookie");
  if (!(connectionTimeoutSeconds > 0)) throw refuse("connectionTimeoutSeconds", connectionTimeoutSeconds, "use the server's, above 0");
  if (!Number.isSafeInteger(lastMessageId) || lastMessageId < 0) throw refuse("lastMessageId", lastMessageId, "use 0 or a message's id");
  return { publicToken, privateToken: privateToken ?? undefined, displayName, connectionTimeoutSeconds, lastMessageId };
}

/** @param {CometOptions} options */
function checkedOptions({ platform, hold, bufferLimit = 1000, timeoutMillis = 30_000, ...rest }) {
  for (const [name, value] of Object.entries({ hold, bufferLimit, timeoutMillis }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new CometError("parameters-invalid", `${name} is ${value}; use a whole number from 1, or leave it out`);
  return { ...rest, platform: { ...PLATFORM, ...platform }, hold, bufferLimit, timeoutMillis };
}

/** @param {string} url */
const withoutSlash = (url) => url.replace(/\/+$/, "");

/** One client of a Comet server. What it promises is written in comet.d.ts; how it keeps the promises, here. */
export class Comet {
  #base;
  #options;
  /** @type {((turn: Turn) => Promise<unknown>) | undefined} */
  #renew;
  #delivery = new Delivery();
  /** @type {State} */
  #state;
  /** @type {Turn | null} */
  #turn = null;
  /** @type {CometError | null} why it ended, unless it was meant to */
  #error = null;

  // Set by #begin, all four.
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {Transport} */
  #transport = /** @type {any} */ (null);
  #cursor = 0; // up to where answers were taken; what the next poll confirms
  #gone = false; // the server does not know the session any more

  #failures = 0;
  #replaced = false; // the session was, or was tried to be, since the last held answer
  #slept = false; // a request was started again, unreported, since the last answer
  #unanswered = false; // a request was given up since the last answer: it may still be on its way and arrive after a newer one
  #began = 0; // when the last request was
  #prompt = false; // and whether it asked for an answer at once

  /**
   * @param {string} url
   * @param {object} [details]
   * @param {ConnectOptions} [options]
   */
  static async connect(url, details = {}, options = {}) {
    const { platform, timeoutMillis } = checkedOptions(options);
    /** @param {Turn} [turn] */
    const open = (turn) => exchange(platform, `${withoutSlash(url)}/connect`, { body: details, millis: timeoutMillis }, turn);
    const session = await open();
    return new Comet(url, session, options, options.reconnect === false ? undefined : open, "connected");
  }

  /**
   * @param {string} url
   * @param {Session} session
   * @param {AdoptOptions} [options]
   */
  static adopt(url, session, options = {}) {
    const { reconnect } = options;
    const { platform, timeoutMillis } = checkedOptions(options);
    /** @param {Turn} turn */
    const ask = (turn) =>
      within(platform, timeoutMillis, turn, async (signal) => {
        try {
          return await reconnect?.(signal);
        } catch (cause) {
          throw new CometError("reconnect-failed", "the application's reconnect failed", { cause });
        }
      });
    return new Comet(url, session, options, reconnect && ask, "connecting");
  }

  /**
   * @param {string} url
   * @param {unknown} session
   * @param {CometOptions} options
   * @param {((turn: Turn) => Promise<unknown>) | undefined} renew
   * @param {State} state
   */
  constructor(url, session, options, renew, state) {
    this.#base = withoutSlash(url);
    this.#options = checkedOptions(options);
    this.#renew = renew;
    this.#begin(checked(session));
    this.#delivery.lastMessageId = this.#cursor;
    this.#state = options.subscribe === false ? "paused" : state;
    if (this.#state !== "paused") this.#start();
  }

  get state() { return this.#state; }
  get transport() { return this.#transport.name; }
  get publicToken() { return this.#session.publicToken; }
  get displayName() { return this.#session.displayName; }
  get lastMessageId() { return this.#delivery.lastMessageId; }

  /** A method, not a property: it contains the private token, and nothing prints the result of a method by accident. */
  session() {
    return { ...this.#session, lastMessageId: this.lastMessageId };
  }

  /** @param {string} name @param {(message: any) => unknown} handler */
  on(name, handler) {
    return this.#delivery.on(name, handler);
  }

  /**
   * @param {string | SendRequest[]} name
   * @param {unknown} [contents]
   */
  async send(name, contents) {
    this.#refuseIfClosed();
    return this.#post("/send", Array.isArray(name) ? name : { name, contents });
  }

  subscribe() {
    if (this.#turn) return;
    this.#refuseIfClosed();
    this.#enter("connecting");
    this.#start();
  }

  unsubscribe() {
    if (!this.#turn) return;
    this.#unanswered = true;
    this.#stop();
    this.#enter("paused");
  }

  async disconnect() {
    if (this.#state !== "closed") this.#end("closed", null, { reason: "disconnected" });
    try {
      await this.#post("/disconnect", {});
      return true;
    } catch (error) {
      return /** @type {CometError} */ (error).code === "client-does-not-exist";
    }
  }

  [Symbol.asyncIterator]() {
    return new Loop((name, handle) => this.on(name, handle), this.#options.bufferLimit, this.#state, () => this.#error);
  }

  #refuseIfClosed() {
    if (this.#state === "closed") throw new CometError("closed", "this client is closed; connect again");
  }

  /** @param {string} path @param {unknown} body */
  #post(path, body) {
    const { platform, timeoutMillis } = this.#options;
    return exchange(platform, this.#base + path, { privateToken: this.#session.privateToken, body, millis: timeoutMillis });
  }

  /** @param {Session} session */
  #begin(session) {
    this.#session = session;
    this.#transport = polling(this.#options.platform, this.#base, session, this.#options.hold);
    this.#cursor = session.lastMessageId ?? 0;
    this.#gone = false;
  }

  // ---- one turn: from #start until #stop -----------------------------------------------------------------------------------

  #start() {
    const turn = (this.#turn = { ended: new AbortController() });
    this.#listen(turn);
    void this.#run(turn);
  }

  #stop() {
    const turn = this.#turn;
    this.#turn = null;
    turn?.ended.abort();
    turn?.cancel?.();
  }

  /** After each await: a turn that is over moves nothing any more. @param {Turn} turn */
  async #run(turn) {
    for (let next = /** @type {Promise<unknown> | undefined} */ (this.#receive(turn)); next; ) {
      let answer, error;
      try {
        const body = await next;
        const early = !this.#prompt && this.#options.platform.now() - this.#began < EARLY_MILLIS;
        answer = digest(this.#cursor, body, early);
      } catch (thrown) {
        error = /** @type {CometError} */ (thrown);
      }
      if (turn !== this.#turn) return;
      next = answer ? this.#accept(turn, answer) : this.#recover(turn, /** @type {CometError} */ (error));
    }
  }

  /** Starts the next request before it returns (a lost session is replaced first). @param {Turn} turn */
  async #receive(turn) {
    if (this.#gone) await this.#replace(turn);
    this.#prompt = this.#slept || this.#state !== "connected";
    this.#began = this.#options.platform.now();
    return this.#transport.next(this.#cursor, this.#prompt, turn);
  }

  /**
   * The next request leaves before the first handler runs: handlers are only ever called from a later microtask.
   * @param {Turn} turn
   * @param {ReturnType<typeof digest>} answer
   */
  #accept(turn, { cursor, entries, waitMillis, closed }) {
    const millis = this.#options.platform.now() - this.#began;
    this.#slept = this.#unanswered = false;
    if (!this.#prompt) {
      // A prompt answer does not show yet that a held one gets through.
      this.#failures = 0;
      this.#replaced = false;
    }
    this.#cursor = cursor;
    let next;
    if (closed === undefined && waitMillis === undefined) {
      this.#enter("connected");
      next = this.#receive(turn);
    }
    this.#delivery.post(...entries);
    this.#delivery.tell("comet.success", { messages: entries.filter(({ message }) => message.id > 0).length, millis }, cursor);
    if (closed !== undefined) {
      this.#end("closed", closed === "disconnected" ? null : new CometError("closed", closed), { reason: closed });
    } else if (waitMillis !== undefined) {
      this.#enter("reconnecting");
      next = this.#receiveAfter(turn, waitMillis);
    }
    return next;
  }

  /** What follows a failure: nothing, a request at once, or one after a wait. @param {Turn} turn @param {CometError} error */
  #recover(turn, error) {
    const { now, random } = this.#options.platform;
    if (error.code === "slept" && !this.#slept) {
      this.#slept = this.#unanswered = true;
      return this.#receive(turn);
    }
    if (error.code === "superseded") {
      // Can be the work of an older request of our own that was given up and arrived late: ask once more before believing it.
      if (!this.#unanswered || now() - this.#began >= OVERTAKEN_MILLIS) return this.#end("superseded", error);
      this.#unanswered = false;
    } else if (error.code === "client-does-not-exist") {
      if (!this.#renew) {
        this.#delivery.tell("comet.sessionlost", { previous: this.publicToken, current: null });
        return this.#end("lost", error);
      }
      this.#gone = true;
      this.#enter("reconnecting");
      // At once, but a session that is lost as soon as it is made must not become a storm.
      if (!this.#replaced) return this.#receive(turn);
    } else if (error.permanent) {
      this.#delivery.tell("comet.failure", { error, attempt: this.#failures + 1, permanent: true });
      return this.#end("lost", error);
    } else if (error.status === undefined) {
      this.#unanswered = true;
    }
    const attempt = ++this.#failures;
    const backoff = random() * Math.min(BACKOFF_CAP_MILLIS, BACKOFF_MILLIS * 2 ** attempt);
    const retryInMillis = Math.round(Math.min((error.retryAfterSeconds ?? 0) * 1000, WAIT_CAP_MILLIS) + backoff);
    this.#delivery.tell("comet.failure", { error, attempt, permanent: false, retryInMillis });
    this.#enter("reconnecting");
    return this.#receiveAfter(turn, retryInMillis);
  }

  /** @param {Turn} turn @param {number} millis */
  async #receiveAfter(turn, millis) {
    const { setTimeout, clearTimeout } = this.#options.platform;
    await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), millis);
      turn.wake = turn.cancel = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    return turn === this.#turn ? this.#receive(turn) : undefined;
  }

  /** @param {Turn} turn */
  async #replace(turn) {
    this.#replaced = true;
    const session = checked(await this.#renew?.(turn));
    if (turn !== this.#turn) throw new CometError("cancelled", "broken off by this client");
    const previous = this.publicToken;
    this.#begin(session);
    this.#delivery.tell("comet.sessionlost", { previous, current: session.publicToken }, this.#cursor);
    this.#enter("connected");
  }

  /** @param {State} state @param {CometError | null} error @param {object} [contents] @returns {undefined} */
  #end(state, error, contents = {}) {
    this.#stop();
    this.#error = error;
    if (state !== "lost") this.#delivery.tell(`comet.${state}`, contents);
    this.#enter(state);
  }

  /** @param {State} to */
  #enter(to) {
    const from = this.#state;
    this.#state = to;
    if (from !== to) this.#delivery.tell("comet.state", { from, to });
  }

  /** @param {Turn} turn */
  #listen(turn) {
    const page = /** @type {any} */ (this.#options.platform.page);
    /** @param {string} type @param {(event: any) => void} action */
    const listen = (type, action) => page.addEventListener(type, action, { signal: turn.ended.signal });
    listen("online", () => turn.wake?.(true));
    listen("pageshow", (event) => event.persisted && turn.wake?.(true));
    listen("visibilitychange", () => page.document?.visibilityState !== "hidden" && turn.wake?.(false));
    if (!this.#options.disconnectOnLeave) return;
    listen("pagehide", () => {
      const { privateToken } = this.#session;
      page.navigator.sendBeacon(`${this.#base}/disconnect`, new URLSearchParams(privateToken ? { privateToken } : {}));
      this.unsubscribe();
      // A page that comes back from the back/forward cache finds its session gone and gets another one.
      page.addEventListener("pageshow", () => this.#state === "paused" && this.subscribe(), { once: true });
    });
  }
}
