// Says how the connection is, no better than it is.

import { setText } from "./dom.js";

const TRANSPORTS = { stream: "event stream", poll: "long poll" };
const BACK_MILLIS = 6_000;

/** State: how it looks and what it says. */
const STATES = {
  connecting: ["wait", "Connecting…"],
  paused: ["wait", "Paused"],
  lost: ["bad", "Session lost"],
  superseded: ["bad", "Open in another window"],
  closed: ["bad", "Session ended"],
};

export class Status {
  #element;
  #text;
  #detail;
  #retryAt = 0;
  #backUntil = 0;
  #wasAway = false;

  /** @param {HTMLElement} element @param {HTMLElement} text @param {HTMLElement} detail */
  constructor(element, text, detail) {
    this.#element = element;
    this.#text = text;
    this.#detail = detail;
  }

  /** @param {import("/comet/comet.js").Comet} comet */
  follow(comet) {
    comet.on("comet.failure", ({ contents }) => {
      this.#retryAt = Date.now() + (contents.retryInMillis ?? 0);
    });
    comet.on("comet.reconnect", ({ contents }) => {
      this.#retryAt = Date.now() + contents.delayMillis;
    });
    comet.on("comet.state", ({ contents }) => {
      if (contents.to === "reconnecting" || contents.to === "disconnected") {
        this.#wasAway = true;
        this.roundTrip(undefined);
      }
      if (contents.to === "connected" && this.#wasAway) {
        this.#wasAway = false;
        this.#backUntil = Date.now() + BACK_MILLIS;
      }
    });
    comet.on("comet.*", () => this.#show(comet));
    const ticking = setInterval(() => this.#show(comet), 500);
    comet.on("comet.closed", () => clearInterval(ticking));
    this.#show(comet);
  }

  /** @param {number | undefined} millis  from the key that was pressed until the message came back by the connection */
  roundTrip(millis) {
    setText(this.#detail, millis === undefined ? "" : `round trip ${Math.max(1, Math.round(millis))} ms`);
  }

  #show({ state, transport }) {
    const [tone, text] = STATES[state] ?? this.#changing(state, transport);
    this.#element.dataset.tone = tone;
    this.#element.dataset.state = state;
    setText(this.#text, text);
  }

  #changing(state, transport) {
    if (state === "connected") return ["good", this.#connected(transport)];
    return state === "disconnected" ? ["bad", this.#retrying("No connection, trying again")] : ["wait", this.#retrying("Reconnecting")];
  }

  #connected(transport) {
    return `${Date.now() < this.#backUntil ? "Back" : "Connected"} by ${TRANSPORTS[transport] ?? transport}`;
  }

  #retrying(what) {
    const seconds = Math.ceil((this.#retryAt - Date.now()) / 1000);
    return seconds > 0 ? `${what} in ${seconds} s` : `${what}…`;
  }
}
