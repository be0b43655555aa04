// The format of text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), piece by piece.

import { CometError } from "./error.js";

const MAX_CHARACTERS = 1 << 25; // of one event: more than any server sends, less than hurts

/** @typedef {{id: string, name: string, data: string}} ServerEvent */

/** Takes bytes as they come, however they are cut, and gives whole events. */
export class EventParser {
  #decoder = new TextDecoder(); // drops a byte order mark, and keeps half a character for the next piece
  #line = "";
  #afterCr = false;
  #id = "";
  #name = "";
  /** @type {string[]} */
  #data = [];
  #characters = 0;

  /**
   * @param {Uint8Array} bytes
   * @returns {ServerEvent[]} the events that are whole by now; those without data only move the id of the next
   */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    /** @type {ServerEvent[]} */
    const events = [];
    if (text === "") return events;
    if (this.#afterCr && text[0] === "\n") text = text.slice(1); // the rest of a CRLF
    this.#afterCr = text === "" || text.endsWith("\r");
    let from = 0;
    for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r/g)) {
      this.#endLine(this.#line + text.slice(from, index), events);
      this.#line = "";
      from = index + end.length;
    }
    this.#line += text.slice(from);
    if (this.#characters + this.#line.length > MAX_CHARACTERS)
      throw new CometError("answer-invalid", `an event is longer than ${MAX_CHARACTERS} characters`);
    return events;
  }

  /** @param {string} line @param {ServerEvent[]} events */
  #endLine(line, events) {
    if (line === "") {
      if (this.#data.length) events.push({ id: this.#id, name: this.#name || "message", data: this.#data.join("\n") });
      this.#name = "";
      this.#data = [];
      this.#characters = 0;
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#characters += value.length;
    } else if (field === "event") this.#name = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    // Comments begin with the colon; "retry" is for clients that know no better; anything else is ignored.
  }
}
