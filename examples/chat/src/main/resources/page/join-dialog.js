// Asks for a room: one that somebody is in already, or a new one.

import { byId, reconcile, setText } from "./dom.js";
import { notJoined } from "./words.js";

export class JoinDialog {
  #dialog;
  #name = byId("room-name");
  #problem = byId("join-problem");
  #rooms = byId("open-rooms");
  #choice = byId("open-rooms-title");
  #joined;
  /** @type {import("./chat.js").Chat} */
  #chat;

  /** @param {HTMLDialogElement} dialog @param {() => void} joined */
  constructor(dialog, joined) {
    this.#dialog = dialog;
    this.#joined = joined;
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      // As rooms are named: a kindness to who writes "#Night trains".
      this.#join(this.#name.value.trim().toLowerCase().replace(/^#/, "").replaceAll(/\s+/g, "-"));
    });
    byId("join-cancel").addEventListener("click", () => dialog.close());
    this.#rooms.addEventListener("click", ({ target }) => {
      const room = target.closest("li")?.dataset.id;
      if (room) {
        this.#join(room);
      }
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  async open(chat) {
    this.#chat = chat;
    this.#name.value = "";
    this.#problem.textContent = "";
    this.#rooms.replaceChildren();
    this.#choice.hidden = true;
    this.#dialog.showModal();
    const open = await chat.openRooms().catch(() => []);
    const others = open.filter(({ room }) => !chat.rooms.some((mine) => mine.room === room)).map((room) => ({ ...room, id: room.room }));
    this.#choice.hidden = others.length === 0;
    reconcile(this.#rooms, others, "open-room-template", (element, { room, people }) => {
      setText(element.querySelector(".name"), room);
      setText(element.querySelector(".note"), people === 1 ? "1 person" : `${people} people`);
    });
  }

  async #join(room) {
    try {
      await this.#chat.join(room);
      this.#dialog.close();
      this.#joined();
    } catch (error) {
      this.#problem.textContent = notJoined(error);
    }
  }
}
