// The Comet client for browsers and Node 18+: ES modules without dependencies, served as they are, without a build. It speaks
// docs/protocol.md. An answer passes, in this order: a transport (comet/connection.js, polling.js, streaming.js), what it means
// (comet/received-batch.js), this client, which owns cursor, order, states and backoff, and delivery to handlers and loops.

import { Connection } from "./comet/connection.js";
import { Delivery } from "./comet/delivery.js";
import { readBatch, WAIT_CAP_MILLIS } from "./comet/received-batch.js";
import { CometError } from "./comet/error.js";
import { exchange, within } from "./comet/exchange.js";
import { MessageIterator } from "./comet/message-iterator.js";
import { answerable, PendingRequests } from "./comet/pending-requests.js";
import { checked, checkedName, checkedOptions, checkedTransport, withoutSlash } from "./comet/session.js";
import { canShare, Tabs } from "./comet/tabs.js";

export { CometError };

/** @typedef {import("./comet.d.ts").CometState} State */
/** @typedef {import("./comet.d.ts").CometSession} Session */
/** @typedef {import("./comet.d.ts").CometOptions} CometOptions */
/** @typedef {import("./comet.d.ts").AdoptOptions} AdoptOptions */
/** @typedef {import("./comet.d.ts").ConnectOptions} ConnectOptions */
/** @typedef {import("./comet.d.ts").SendRequest} SendRequest */
/** @typedef {import("./comet/exchange.js").Turn} Turn */

const BACKOFF_MILLIS = 250;
const BACKOFF_CAP_MILLIS = 30_000;
const EARLY_MILLIS = 500; // the shortest hold is a second

/** One client of a Comet server. What it promises is written in comet.d.ts; how it keeps the promises, here. */
export class Comet {
  #base;
  #options;
  /** @type {((turn: Turn, lost: Session) => Promise<unknown>) | undefined} */
  #renew;
  #delivery = new Delivery();
  #requests;
  /** @type {State} */
  #state;
  /** @type {Turn | null} */
  #turn = null;
  /** @type {CometError | null} why it ended, unless it was meant to */
  #error = null;

  // Set by #begin, all four.
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {Connection | Tabs} */
  #connection = /** @type {any} */ (null);
  /** @type {Tabs | undefined} */
  #tabs;
  #cursor = 0; // up to where answers were taken; what the next poll confirms
  #gone = false; // the server does not know the session any more

  #resting = false; // in the back/forward cache
  #failures = 0;
  #hurried = false; // a wait was cut short since the last answer
  #replaced = false; // the session was, or was tried to be, since the last held answer
  #slept = false; // a request was started again, unreported, since the last answer
  #switched = false; // the transport was changed since the last answer: whether it gets through is to be known at once
  /** @type {"poll" | "stream"} by which the last answer came */
  #transport = "poll";
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
    const again = options.reconnect !== false;
    if (options.share === undefined || !canShare(platform)) return new Comet(url, await open(), options, again ? open : undefined, "connected");

    const tabs = new Tabs(platform, options.share);
    const make = async () => checked(await open());
    /** @type {(turn: Turn, lost: Session) => Promise<Session>} */
    const renew = (turn, lost) => within(platform, timeoutMillis, turn, () => tabs.session(make, lost));
    const session = await tabs.session(make);
    return new Comet(url, session, options, again ? renew : undefined, "connected", tabs);
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
   * @param {((turn: Turn, lost: Session) => Promise<unknown>) | undefined} renew
   * @param {State} state
   * @param {Tabs} [tabs]
   */
  constructor(url, session, options, renew, state, tabs) {
    this.#tabs = tabs;
    this.#base = withoutSlash(url);
    this.#options = checkedOptions(options);
    this.#renew = renew;
    this.#requests = new PendingRequests(this.#options.platform, (name, handle) => this.on(name, handle));
    this.#begin(checked(session));
    this.#delivery.lastMessageId = this.#cursor;
    this.#transport = this.#connection.name;
    this.#state = options.subscribe === false ? "paused" : state;
    if (this.#state !== "paused") this.#start();
    else tabs?.leave();
  }

  get state() { return this.#state; }
  get transport() { return this.#transport; }
  get publicToken() { return this.#session.publicToken; }
  get displayName() { return this.#session.displayName; }
  get lastMessageId() { return this.#delivery.lastMessageId; }

  /** A method, not a property: it contains the private token, and nothing prints the result of a method by accident. */
  session() {
    return { ...this.#session, lastMessageId: this.lastMessageId };
  }

  /** @param {string} name @param {(message: any) => unknown} handler */
  on(name, handler) {
    return this.#delivery.on(checkedName(name, true), handler);
  }

  /**
   * @param {string | SendRequest[]} name
   * @param {unknown} [contents]
   */
  async send(name, contents) {
    this.#refuseIfClosed();
    if (Array.isArray(name)) name.forEach((each) => checkedName(each?.name));
    else checkedName(name);
    return this.#post("/send", Array.isArray(name) ? name : { name, contents });
  }

  /** @param {string} name @param {unknown} [contents] @param {number} [timeoutMillis] */
  async request(name, contents, timeoutMillis = this.#options.timeoutMillis) {
    this.#refuseIfClosed();
    checkedName(name);
    return this.#requests.request((correlationId) => this.#post("/send", { name, correlationId, contents }), timeoutMillis);
  }

  subscribe() {
    if (this.#turn || this.#resting) return;
    this.#refuseIfClosed();
    this.#enter("connecting");
    this.#start();
  }

  unsubscribe() {
    if (!this.#turn && !this.#resting) return;
    this.#stop();
    this.#enter("paused");
  }

  /** @param {"auto" | "stream" | "poll"} transport */
  use(transport) {
    checkedTransport(transport);
    this.#options = { ...this.#options, transport };
    this.#connection.wanted = transport;
    this.#turn?.restart?.();
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
    return new MessageIterator((name, handle) => this.on(name, handle), this.#options.bufferLimit, this.#state, () => this.#error);
  }

  #refuseIfClosed() {
    if (this.#state === "closed") throw new CometError("closed", "this client is closed; connect again");
  }

  /** @param {string} path @param {unknown} body @param {number} [millis] */
  async #post(path, body, millis = this.#options.timeoutMillis) {
    const session = this.#session;
    try {
      return await exchange(this.#options.platform, this.#base + path, { session, body, millis });
    } catch (thrown) {
      const { permanent, code } = /** @type {CometError} */ (thrown);
      // Whether the session is lost, or what else is wrong with it, the answer to a request for messages says: one is sent at once, also by
      // who waits after a failure, unless one is under way that is answered soon. Of what a handler may refuse, only these two codes are about the session.
      if (permanent && (path === "/ack" || /^(client|token)-/.test(code)) && session === this.#session) this.#doubt();
      throw thrown;
    }
  }

  #doubt() {
    if (this.#tabs) this.#tabs.doubt(this.publicToken);
    else {
      if (!this.#prompt && !this.#gone) this.#turn?.restart?.();
      this.#turn?.hurry?.();
    }
  }

  /** @param {Session} session */
  #begin(session) {
    this.#session = session;
    this.#connection?.close();
    /** @type {import("./comet/streaming.js").Post} */
    const post = (path, body, millis) => this.#post(path, body, millis);
    const connection = new Connection(this.#options.platform, this.#base, session, this.#options, post);
    this.#connection = this.#tabs?.over(connection, session) ?? connection;
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
    this.#resting = false;
    turn?.ended.abort();
    turn?.cancel?.();
    if (this.#tabs) this.#tabs.leave();
    else this.#connection.close();
  }

  /** After each await: a turn that is over moves nothing any more. @param {Turn} turn */
  async #run(turn) {
    for (let next = /** @type {Promise<unknown> | undefined} */ (this.#receive(turn)); next; ) {
      let answer, error;
      try {
        const body = await next;
        const early = !this.#prompt && !this.#connection.streams && this.#options.platform.now() - this.#began < EARLY_MILLIS;
        answer = readBatch(this.#cursor, body, early, this.#connection.streams);
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
    this.#prompt = this.#slept || this.#switched || this.#state !== "connected";
    this.#began = this.#options.platform.now();
    return this.#connection.next(this.#cursor, this.#prompt, turn);
  }

  /**
   * The next request leaves before the first handler runs: handlers are only ever called from a later microtask.
   * @param {Turn} turn
   * @param {ReturnType<typeof readBatch>} answer
   */
  #accept(turn, { cursor, entries, waitMillis, closed }) {
    const millis = this.#options.platform.now() - this.#began;
    this.#slept = this.#switched = false;
    if (!this.#prompt) {
      // A prompt answer does not show yet that a held one gets through.
      this.#failures = 0;
      this.#hurried = false;
      this.#replaced = false;
    }
    this.#cursor = cursor;
    this.#via(this.#connection.name);
    let next;
    if (closed === undefined && waitMillis === undefined) {
      this.#enter("connected");
      next = this.#receive(turn);
    }
    for (const { message } of entries) answerable(message, (body) => this.#post("/reply", body));
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
    this.#connection.close();
    if (error.code === "restarted") {
      this.#switched = true;
      return this.#receive(turn);
    }
    if (error.code === "slept" && !this.#slept) {
      this.#slept = true;
      return this.#receive(turn);
    }
    if (error.code === "superseded") return this.#end("superseded", error);
    const { code } = error;
    const replaced = code === "client-replaced";
    const missing = code === "token-missing" && !this.#session.privateToken && !this.#replaced; // a browser may keep no cookie at all
    if (code === "client-does-not-exist" || replaced || missing) {
      // Two pages that replace each other's cookie would do so for ever: the older one waits for its user.
      if (!this.#renew || (replaced && this.#state !== "connecting")) {
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
    }
    const attempt = ++this.#failures;
    const backoff = this.#options.platform.random() * Math.min(BACKOFF_CAP_MILLIS, BACKOFF_MILLIS * 2 ** attempt);
    const retryInMillis = Math.round(Math.min((error.retryAfterSeconds ?? 0) * 1000, WAIT_CAP_MILLIS) + backoff);
    this.#delivery.tell("comet.failure", { error, attempt, permanent: false, retryInMillis });
    this.#enter(attempt > 1 ? "disconnected" : "reconnecting");
    return this.#receiveAfter(turn, retryInMillis);
  }

  /** @param {Turn} turn @param {number} millis */
  async #receiveAfter(turn, millis) {
    const { setTimeout, clearTimeout } = this.#options.platform;
    await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), millis);
      const end = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
      turn.wake = turn.cancel = end;
      // Once: sends would take all waits away. If it is known that the session is lost, it is the new one that has to wait.
      if (!this.#gone && !this.#hurried) turn.hurry = () => ((this.#hurried = true), end());
    });
    return turn === this.#turn ? this.#receive(turn) : undefined;
  }

  /** @param {Turn} turn */
  async #replace(turn) {
    this.#replaced = true;
    const session = checked(await this.#renew?.(turn, this.#session));
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

  /** @param {"poll" | "stream"} to */
  #via(to) {
    const from = this.#transport;
    this.#transport = to;
    if (from !== to) this.#delivery.tell("comet.transport", { from, to });
  }

  /** @param {State} to */
  #enter(to) {
    const from = this.#state;
    this.#state = to;
    if (from !== to) this.#delivery.tell("comet.state", { from, to });
  }

  /** The page goes into the back/forward cache: it keeps no request, and goes on when it comes back. @param {EventTarget} page */
  #rest(page) {
    this.#slept = true;
    this.#stop();
    this.#resting = true;
    page.addEventListener("pageshow", () => {
      if (!this.#resting) return;
      this.#resting = false;
      this.#start();
    }, { once: true });
  }

  /** @param {Turn} turn */
  #listen(turn) {
    const page = /** @type {any} */ (this.#options.platform.page);
    /** @param {string} type @param {(event: any) => void} action */
    const listen = (type, action) => page.addEventListener(type, action, { signal: turn.ended.signal });
    listen("online", () => turn.wake?.(true));
    listen("pagehide", (event) => event.persisted && this.#rest(page));
    listen("visibilitychange", () => page.document?.visibilityState !== "hidden" && turn.wake?.(false));
    if (!this.#options.disconnectOnLeave) return;
    listen("pagehide", () => {
      const { privateToken, publicToken } = this.#session;
      page.navigator.sendBeacon(`${this.#base}/disconnect`, new URLSearchParams(privateToken ? { privateToken } : { publicToken }));
      this.unsubscribe();
      // A page that comes back from the back/forward cache finds its session gone and gets another one.
      page.addEventListener("pageshow", () => this.#state === "paused" && this.subscribe(), { once: true });
    });
  }
}
