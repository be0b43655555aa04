// The log of one conversation: messages in the order of their ids, with what was sent but has not come back yet at the end.

import { drawAvatar, fromTemplate } from "./dom.js";

const MAX_ENTRIES = 500;
const SAME_BREATH_MILLIS = 5 * 60_000;
const NEAR_THE_END_PIXELS = 48;

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/**
 * @typedef {object} Entry
 * @property {number} order  the message's id; Infinity while it has none
 * @property {number} at     milliseconds since 1970
 * @property {string} [author] the writer's token; a notice has none
 * @property {string} [key]  what its writer calls the message, so that it is known again when it comes back
 * @property {HTMLElement} element
 */

export class MessageLog {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<string, Entry>} messages by writer and key */
  #known = new Map();
  #list = document.createElement("ol");
  #scrollTop = 0;
  #stick = true;

  /**
   * @param {string} label
   * @param {(key: string, action: "retry" | "discard") => void} onUndelivered what to do about a message that did not arrive
   * @param {() => void} onEnd the reader has come to the end
   */
  constructor(label, onUndelivered, onEnd) {
    this.element = document.createElement("div");
    this.element.append(this.#list);
    Object.assign(this.element, { className: "log", role: "log", ariaLabel: label, tabIndex: 0, hidden: true });
    this.element.addEventListener("scroll", () => {
      this.#stick = this.#isNearEnd();
      if (this.#stick) {
        onEnd();
      }
    });
    this.element.addEventListener("click", ({ target }) => {
      const action = target.closest("[data-action]")?.dataset.action;
      if (action) {
        onUndelivered(target.closest(".message").dataset.key, action);
      }
    });
    // The composer grows, a phone's keyboard opens: who was at the end stays there.
    new ResizeObserver(() => this.#stick && this.toEnd()).observe(this.element);
  }

  /** What stands above all messages. */
  begin(mark, title, text) {
    const element = fromTemplate("beginning-template");
    if (mark.token) {
      drawAvatar(element.querySelector(".mark"), mark);
    } else {
      element.querySelector(".mark").textContent = mark;
    }
    element.querySelector("h2").textContent = title;
    element.querySelector("p").textContent = text;
    this.#list.append(element);
  }

  /**
   * Shows a message that the server has; the same one with "pending" stood for it until now.
   * @returns {boolean} false if it is here already
   */
  add({ id, from, text, at, key }, mine) {
    const before = this.#known.get(`${from.token} ${key}`);
    if (before && before.order !== Infinity) {
      return false;
    }
    if (before) {
      this.#remove(before);
    }
    this.#insertMessage({ order: id, from, text, at, key }, mine);
    return true;
  }

  /** Shows a message that is on its way to the server. */
  addPending({ from, text, key }) {
    this.#insertMessage({ order: Infinity, from, text, at: Date.now(), key }, true).element.classList.add("pending");
    this.toEnd();
  }

  /** The message did not arrive, or nobody knows whether it did. If it comes back after all, it is shown as any other. */
  undelivered(author, key, reason) {
    const entry = this.#known.get(`${author} ${key}`);
    if (entry?.order === Infinity) {
      entry.element.classList.replace("pending", "failed");
      const delivery = entry.element.querySelector(".delivery");
      delivery.hidden = false;
      delivery.querySelector("span").textContent = reason;
      this.#keepEndInView();
    }
  }

  /** @returns {string | undefined} the text of the message, which is no longer shown */
  take(author, key) {
    const entry = this.#known.get(`${author} ${key}`);
    if (entry?.order !== Infinity) {
      return undefined;
    }
    this.#remove(entry);
    return entry.element.querySelector(".text").textContent;
  }

  /** Says what happened; after the last message, unless the order says where. */
  notice(text, { order = this.#lastOrder(), warning = false } = {}) {
    const element = fromTemplate("notice-template");
    element.classList.toggle("warning", warning);
    element.querySelector(".text").textContent = text;
    this.#insert({ order, at: Date.now(), element });
  }

  /** Many at once: not to be read out one by one. */
  addQuietly(add) {
    this.element.ariaBusy = "true";
    add();
    this.element.ariaBusy = "false";
  }

  get isAtEnd() {
    return this.#stick;
  }

  toEnd() {
    this.#stick = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  show() {
    this.element.hidden = false;
    this.element.scrollTop = this.#scrollTop;
    this.#keepEndInView();
  }

  hide() {
    this.#scrollTop = this.element.scrollTop;
    this.element.hidden = true;
  }

  #insertMessage({ order, from, text, at, key }, mine) {
    const element = fromTemplate("message-template");
    element.classList.toggle("mine", mine);
    element.dataset.key = key;
    drawAvatar(element.querySelector(".avatar"), from);
    element.querySelector(".name").textContent = from.name;
    element.querySelector(".text").textContent = text;
    element.title = FULL.format(at);
    const time = element.querySelector("time");
    time.dateTime = new Date(at).toISOString();
    time.textContent = TIME.format(at);
    const entry = { order, at, author: from.token, key, element };
    this.#known.set(`${from.token} ${key}`, entry);
    this.#insert(entry);
    return entry;
  }

  #insert(entry) {
    let index = this.#entries.length;
    while (index > 0 && this.#entries[index - 1].order > entry.order) {
      index--;
    }
    this.#list.insertBefore(entry.element, this.#entries[index]?.element ?? null);
    this.#entries.splice(index, 0, entry);
    this.#arrange(index);
    this.#arrange(index + 1);
    if (this.#entries.length > MAX_ENTRIES) {
      this.#remove(this.#entries[0]);
    }
    this.#keepEndInView();
  }

  #remove(entry) {
    const index = this.#entries.indexOf(entry);
    this.#entries.splice(index, 1);
    this.#known.delete(`${entry.author} ${entry.key}`);
    entry.element.remove();
    this.#arrange(index);
  }

  /** Days are separated; what somebody writes in one breath stands under one name. */
  #arrange(index) {
    const entry = this.#entries[index];
    if (!entry) {
      return;
    }
    const before = this.#entries[index - 1];
    const newDay = !before || DAY.format(before.at) !== DAY.format(entry.at);
    const day = entry.element.querySelector(".day");
    day.hidden = !newDay;
    day.textContent = newDay ? DAY.format(entry.at) : "";
    const continued = !newDay && entry.author !== undefined && entry.author === before.author
        && entry.at - before.at < SAME_BREATH_MILLIS;
    entry.element.classList.toggle("continued", continued);
  }

  #lastOrder() {
    return this.#entries.findLast(({ order }) => order !== Infinity)?.order ?? 0;
  }

  #isNearEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return scrollHeight - clientHeight - scrollTop <= NEAR_THE_END_PIXELS;
  }

  #keepEndInView() {
    if (this.#stick && !this.element.hidden) {
      this.toEnd();
    }
  }
}
