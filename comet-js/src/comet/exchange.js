// One HTTP exchange within a time, and the surroundings it needs.

import { CometError } from "./error.js";
import { refusal, superseded } from "./received-batch.js";
import { parseMessages } from "./messages.js";

/** @typedef {import("../comet.d.ts").CometPlatform} Platform */
/** @typedef {import("../comet.d.ts").CometSession} Session */

/**
 * One stretch of being subscribed. What it is busy with at the moment, a request or a wait, leaves here how to break it off.
 * @typedef {object} Turn
 * @property {AbortController} ended   aborted when the turn is over; removes its listeners
 * @property {() => void} [cancel]     breaks off for good
 * @property {() => void} [restart]    a request starts again, because it is to be another one
 * @property {(certain: boolean) => void} [wake]  the network (certain) or the user is back: a wait ends, a request starts again if the
 *   network was away or if it is overdue
 * @property {() => void} [hurry]      the server is there, and may not know the session any more: a wait ends. Does nothing after it
 */

const SLICE_MILLIS = 5_000;
const LATE_MILLIS = 5_000;

/** @type {Platform} */
export const PLATFORM = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  setTimeout: (action, millis) => setTimeout(action, millis),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
  locks: globalThis.navigator?.locks,
  channel: typeof BroadcastChannel === "function" ? (name) => new BroadcastChannel(name) : undefined,
  page: typeof globalThis.addEventListener === "function" ? globalThis : new EventTarget(),
};

/**
 * Calls `expired` when `millis` have passed, and says whether it was the timer that was late (a machine that slept, a frozen tab)
 * rather than the peer. Waits in slices: a machine that wakes up finds out soon, and a clock that is set back costs nothing.
 * @param {Platform} platform
 * @param {number} millis
 * @param {(late: boolean) => void} expired
 */
export function deadline(platform, millis, expired) {
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
export async function within(platform, millis, turn, task) {
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
  turn.restart = () => breakOff("restarted", "to be sent in another way");
  turn.wake = (certain) => {
    if (certain || limit.isOverdue()) breakOff("slept", "the network or the page came back");
  };
  try {
    return await Promise.race([task(aborter.signal), brokenOff]);
  } finally {
    limit.cancel();
    turn.cancel = turn.restart = turn.wake = undefined;
  }
}

/**
 * One request and its whole answer: the JSON body of a 2xx, undefined if that is empty. Rejects with a CometError.
 * @param {Platform} platform
 * @param {string} url
 * @param {{session?: Session, body?: unknown, millis: number}} request  with a body it is a POST
 * @param {Partial<Turn>} [turn]
 * @returns {Promise<unknown>}
 */
export async function exchange(platform, url, { session, body, millis }, turn = {}) {
  const headers = headersFor(session);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : encoded(body);

  return within(platform, millis, turn, async (signal) => {
    let response, content;
    try {
      response = await platform.fetch(url, {
        method: text === undefined ? "GET" : "POST",
        headers,
        body: text,
        ...PLAIN,
        signal,
      });
      content = await response.text();
    } catch (cause) {
      throw new CometError("network", "the request failed, or its answer was cut off", { cause });
    }
    return interpret(response, content, text === undefined ? parseMessages : JSON.parse);
  });
}

/** @type {RequestInit} */
export const PLAIN = { cache: "no-store", credentials: "same-origin" };

/**
 * Where the private token is in the cookie, another page can replace it: the server is told whom this one takes itself for.
 * @param {Partial<Session>} [session] @returns {Record<string, string>}
 */
export function headersFor({ privateToken, publicToken = "" } = {}) {
  const who = privateToken ? { "Comet-Token": privateToken } : publicToken && { "Comet-Client": encodeURIComponent(publicToken) };
  return { "Comet-Request": "1", .../** @type {{}} */ (who) };
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
 * @param {(text: string) => any} parse
 * @returns {unknown}
 */
export function interpret({ ok, status, headers }, text, parse) {
  if (ok && text === "") return undefined;
  const type = headers.get("Content-Type") ?? "no type";
  let body;
  let cause;
  try {
    if (/^application\/json\b/i.test(type)) body = parse(text);
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
  if (own.name === "comet.superseded") throw superseded(own, status);
  const { code, reason, index } = own.contents ?? {};
  throw refusal(code, reason, { status, retryAfterSeconds, index });
}
