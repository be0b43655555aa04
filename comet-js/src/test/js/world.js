// What surrounds a client in these tests: time that stands still until it is moved, a network that answers by hand, fixed dice.

/** Lets everything run that waits for no timer and no answer. */
export async function settle() {
  for (let i = 0; i < 30; i++) await null;
}

export const SESSION = { publicToken: "pub-1", privateToken: "secret-1", displayName: "Ada", connectionTimeoutSeconds: 25, lastMessageId: 10 };

export const message = (id, contents = {}, name = "chat.said") => ({ id, name, contents });
export const own = (name, contents = {}) => ({ id: 0, name: `comet.${name}`, contents });
export const refusal = (code, more = {}) => [own("error", { code, reason: `because of ${code}`, ...more })];

/** One request as the network sees it. */
export class Request {
  aborted = false;
  #piece = () => {};
  constructor(url, init, resolve, reject) {
    Object.assign(this, { url, init, resolve, reject });
    const [path, query] = url.split("?");
    this.path = path;
    const { instance, ...others } = Object.fromEntries(new URLSearchParams(query));
    this.query = others;
    this.instance = Number(instance);
    this.body = init.body === undefined ? undefined : JSON.parse(init.body);
    init.signal.addEventListener("abort", () => (this.aborted = true));
  }

  json(body, status = 200, headers = {}) {
    return this.raw(JSON.stringify(body), status, { "Content-Type": "application/json;charset=utf-8", ...headers });
  }

  raw(text, status = 200, headers = {}) {
    return this.with(async () => text, status, headers);
  }

  /** The head arrives, the body breaks off. */
  cut(status = 200) {
    return this.with(async () => Promise.reject(new TypeError("terminated")), status, { "Content-Type": "application/json" });
  }

  /** The head of an event stream arrives. */
  async stream() {
    const pieces = [];
    let reading = null;
    this.#piece = (piece) => {
      pieces.push(piece);
      const give = reading;
      reading = null;
      give?.(pieces.shift());
    };
    const read = () => new Promise((resolve, reject) => {
      const give = (piece) => (piece instanceof Error ? reject(piece) : resolve(piece));
      if (pieces.length) return give(pieces.shift());
      reading = give;
    });
    this.init.signal.addEventListener("abort", () => this.#piece(new DOMException("aborted", "AbortError")));
    const body = { getReader: () => ({ read }) };
    const headers = new Headers({ "Content-Type": "text/event-stream;charset=utf-8" });
    this.resolve({ ok: true, status: 200, headers, body });
    await settle();
  }

  /** Messages arrive, in one piece. */
  push(...messages) {
    return this.bytes(messages.map((m) => `${m.id ? `id: ${m.id}\n` : ""}data: ${JSON.stringify(m)}\n\n`).join(""));
  }

  async bytes(text) {
    this.#piece({ done: false, value: new TextEncoder().encode(text) });
    await settle();
  }

  async end() {
    this.#piece({ done: true });
    await settle();
  }

  async breakOff() {
    this.#piece(new TypeError("network error"));
    await settle();
  }

  async with(text, status, headers) {
    this.resolve({ ok: status >= 200 && status < 300, status, headers: new Headers(headers), text });
    await settle();
  }

  async fail() {
    this.reject(new TypeError("Failed to fetch"));
    await settle();
  }
}

export class World {
  requests = [];
  beacons = [];
  /** What `random` gives. */
  dice = 0.5;
  /** Calls this for each request, if set; else they wait in `requests`. */
  onRequest;
  #time = 1_700_000_000_000;
  #asleep = 0;
  #timers = new Set();

  constructor() {
    const page = Object.assign(new EventTarget(), {
      document: { visibilityState: "visible" },
      navigator: { sendBeacon: (url, body) => this.beacons.push({ url, body: String(body) }) },
    });
    this.page = page;
    this.platform = {
      page,
      fetch: (url, init) =>
        new Promise((resolve, reject) => {
          const request = new Request(url, init, resolve, reject);
          // As a real fetch does; the tests of late answers show that nothing depends on it.
          init.signal.addEventListener("abort", () => this.deaf || reject(init.signal.reason));
          this.requests.push(request);
          this.onRequest?.(request);
        }),
      now: () => this.#time + this.#asleep,
      setTimeout: (action, millis) => {
        const timer = { action, due: this.#time + millis };
        this.#timers.add(timer);
        return timer;
      },
      clearTimeout: (timer) => this.#timers.delete(timer),
      random: () => (typeof this.dice === "function" ? this.dice() : this.dice),
    };
  }

  get last() {
    return this.requests.at(-1);
  }

  get timers() {
    return this.#timers.size;
  }

  /** Time goes by, timers run when they are due. */
  async advance(millis) {
    const end = this.#time + millis;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.#time = Math.max(this.#time, next.due);
      this.#timers.delete(next);
      next.action();
      await settle();
    }
    this.#time = end;
  }

  /** The machine sleeps: the wall clock goes on, timers do not. */
  sleep(millis) {
    this.#asleep += millis;
  }

  /** The page is frozen: timers that were due run late, all at once. */
  async freeze(millis) {
    this.#time += millis;
    await this.advance(0);
  }

  async fire(type, details = {}) {
    this.page.dispatchEvent(Object.assign(new Event(type), details));
    await settle();
  }
}

/** Everything that reaches handlers, as short words. */
export function record(comet) {
  const log = [];
  const note = (m) => log.push(m);
  comet.on("*", note);
  comet.on("comet.*", note);
  return {
    log,
    named: (name) => log.filter((m) => m.name === name).map((m) => m.contents),
    ids: () => log.filter((m) => m.id > 0).map((m) => m.id),
    names: () => log.map((m) => (m.id ? String(m.id) : m.name.slice("comet.".length))),
    states: () => log.filter((m) => m.name === "comet.state").map((m) => m.contents.to),
  };
}
