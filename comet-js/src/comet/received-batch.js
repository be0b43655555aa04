// What an answer means.

import { CometError } from "./error.js";

/** @typedef {import("../comet.d.ts").CometMessage} Message */
/** @typedef {{message: Message, cursor?: number}} Entry  a message, and where the cursor is once it has been handed over */

export const WAIT_CAP_MILLIS = 300_000; // what a server may ask for; also keeps clear of timers that overflow and fire at once

/** @param {{contents: any}} message @param {number} [status] */
export const superseded = ({ contents }, status) =>
  new CometError("superseded", "a newer request of the same client took over", { status, instance: contents?.instance });

/** @param {unknown} code @param {unknown} reason @param {object} [details] */
export const refusal = (code, reason, details) => new CometError(String(code), String(reason), details);

/**
 * What an answer, or a piece of a stream, means: where the cursor goes, what is to be handed over in which order, and how to go on. Changes nothing, and takes
 * an answer as a whole or not at all.
 * @param {number} cursor
 * @param {unknown} answer
 * @param {boolean} early  it came so soon that a hold cannot have ended
 * @param {boolean} streamed  it is a piece of a stream
 */
export function readBatch(cursor, answer, early, streamed) {
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
      // A gap with an id stands for the message that could not be read.
      entries.push({ message: name === "comet.gap" ? { ...message, id: 0 } : message, cursor: (cursor = id) });
    } else if (name === "comet.error") {
      throw refusal(contents.code, contents.reason);
    } else if (name === "comet.heartbeat") {
      if (position(contents.lastSentId) > cursor) throw new CometError("answer-invalid", `message ${contents.lastSentId} got lost on the way`);
      cursor = Math.max(cursor, position(contents.lastMessageId));
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
  if (repeated && !streamed) throw new CometError("answer-invalid", "the answer contains nothing new");
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
