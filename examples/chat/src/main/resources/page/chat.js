// The chat as this person sees it: one Comet client, the conversations that it feeds, and what one can do in them.
// The names of messages are those of Chat.java.

import { Comet } from "/comet/comet.js";
import { Conversation } from "./conversation.js";
import { notSent } from "./words.js";

const BASE = "/comet";
const LOBBY = "lobby";
const TYPING_EVERY_MILLIS = 3_000;
const TYPING_AHEAD_MILLIS = 250;

const GAPS = {
  overflow: "more was waiting than the server keeps",
  expired: "it waited longer than the server keeps it",
  confirmed: "this window was closed before it had shown everything",
  "unknown-cursor": "the server has started anew",
  "store-lost": "the server has lost it",
};

export class Chat {
  /** @type {Map<string, Conversation>} by id, in the order in which they were opened */
  conversations = new Map();
  /** @type {Conversation | null} */
  current = null;
  #memory;
  #owner;
  #typingSaid = 0;
  /** @type {Promise<unknown>} */
  #typingSent = Promise.resolve();
  #measured;
  /** When the last message was sent, and under which key. */
  #lastSaid = { key: "", at: 0 };

  /**
   * Goes on with the session in memory, or asks for a new one. Rejects with a CometError.
   * @param {import("./memory.js").Memory} memory
   * @param {() => void} changed something that is on the screen has changed
   * @param {(millis: number) => void} measured a message of this person has come back
   */
  static async open(memory, changed, measured) {
    const { nickname, secret } = memory;
    const connect = async () => (await Comet.connect(BASE, { displayName: nickname, secret }, { subscribe: false })).session();
    memory.session ??= await connect();
    return new Chat(Comet.adopt(BASE, memory.session, { reconnect: connect, transport: memory.transport }), memory, changed, measured);
  }

  constructor(comet, memory, changed, measured) {
    this.comet = comet;
    this.#memory = memory;
    this.changed = changed;
    this.#measured = measured;
    this.#owner = { changed, undelivered: (...about) => this.#undelivered(...about) };

    comet.on("chat.said", (message) => this.#said(message));
    comet.on("chat.whispered", (message) => this.#whispered(message));
    comet.on("chat.typing", ({ contents }) => this.#typing(contents));
    comet.on("room.joined", ({ id, contents }) => this.#joined(id, contents));
    comet.on("room.left", ({ id, contents: { room, person } }) => this.#left(id, person, [this.#room(room)]));
    comet.on("person.gone", ({ id, contents: { person } }) => this.#left(id, person, this.conversations.values()));

    comet.on("comet.gap", ({ contents }) => {
      this.#lost(contents.from, GAPS[contents.reason] ?? "the server no longer has all of them");
      this.#enterRooms();
    });
    comet.on("comet.sessionlost", ({ contents }) => {
      if (contents.current) {
        this.#lost(undefined, "the server did not know this session any more, so you have joined again");
      }
    });
    comet.on("comet.state", ({ contents }) => {
      if (contents.to === "connected") {
        this.#enterRooms();
      }
      changed();
    });
    // Comes after the messages of an answer: whatever they did is now remembered together with the cursor.
    comet.on("comet.success", () => this.#remember());

    const whispers = memory.whispers;
    memory.whispers = [];
    whispers.forEach((whisper) => this.#whispered(whisper, true));
    new Set([LOBBY, ...memory.rooms]).forEach((room) => this.#open(Conversation.room(room, this.#owner)));
    memory.unsent.forEach((message) => this.#showUnsent(message));
    this.show(this.conversations.get(memory.current) ?? this.lobby);
  }

  get me() {
    return { token: this.comet.publicToken, name: this.comet.displayName };
  }

  get lobby() {
    return this.#room(LOBBY);
  }

  get rooms() {
    return [...this.conversations.values()].filter(({ room }) => room);
  }

  get privates() {
    return [...this.conversations.values()].filter(({ other, listed }) => other && listed);
  }

  get unread() {
    return [...this.conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  // ---- what one can do ------------------------------------------------------------------------------------------------------

  /** @param {Conversation} conversation */
  show(conversation) {
    this.current = conversation;
    conversation.listed = true;
    this.#remember();
    this.changed();
  }

  /** Joins a room, new or not, and shows it. Rejects with a CometError. */
  async join(room) {
    let conversation = this.#room(room);
    if (!conversation) {
      conversation = this.#open(Conversation.room(room, this.#owner));
      try {
        await this.#enter(conversation);
      } catch (error) {
        this.conversations.delete(conversation.id);
        throw error;
      }
    }
    this.show(conversation);
  }

  /** Not the lobby. */
  leave({ id, room }) {
    this.conversations.delete(id);
    this.#memory.drafted(id, "");
    this.show(this.lobby);
    this.comet.send("room.leave", { room }).catch(() => {});
  }

  /** @param {import("./conversation.js").Person} other */
  talkTo(other) {
    this.show(this.#privately(other));
  }

  /** Takes a private conversation off the list until there is something new in it. */
  putAway(conversation) {
    conversation.listed = false;
    this.show(this.lobby);
  }

  /** @param {string} [key] known to all who get the message: who has it already under this key does not show it again */
  async say(text, { room, other, log } = this.current, key = crypto.getRandomValues(new Uint32Array(2)).join("-")) {
    log.addPending({ from: this.me, text, key });
    this.#memory.sending({ room, other, text, key });
    this.#lastSaid = { key, at: performance.now() };
    this.#typingSaid = 0;
    try {
      // Two sends at a time may arrive in either order: who is said to type after what was typed has come, is so for seconds.
      await Promise.race([this.#typingSent, new Promise((resolve) => setTimeout(resolve, TYPING_AHEAD_MILLIS))]);
      await (room ? this.comet.send("chat.say", { room, text, key }) : this.comet.send("chat.whisper", { to: other.name, text, key }));
    } catch (error) {
      log.undelivered(this.me.token, key, notSent(error));
    }
  }

  /** What is being written is kept for when the page is reloaded, and for when its reader comes back to this conversation. */
  write(text) {
    this.current.draft = text;
    this.#memory.drafted(this.current.id, text);
  }

  /** Called as often as a key is pressed; others are told now and then. */
  typing({ room, other } = this.current) {
    const now = Date.now();
    if (this.comet.state === "connected" && now - this.#typingSaid > TYPING_EVERY_MILLIS) {
      this.#typingSaid = now;
      this.#typingSent = this.comet.send("chat.typing", room ? { room } : { to: other.name }).catch(() => {});
    }
  }

  /** The rooms that somebody is in. @returns {Promise<Array<{room: string, people: number}>>} */
  openRooms() {
    return this.comet.send("room.list", {});
  }

  /** "auto", "stream" or "poll". */
  get transport() {
    return this.#memory.transport;
  }

  set transport(transport) {
    this.#memory.transport = transport;
    this.comet.use(transport);
    this.#remember();
  }

  async signOut() {
    this.#memory.forget();
    await this.comet.disconnect();
  }

  // ---- what arrives -----------------------------------------------------------------------------------------------------------

  #said({ id, contents }) {
    const conversation = this.#room(contents.room);
    if (conversation) {
      this.#add(conversation, { id, ...contents });
    }
  }

  #whispered(message, remembered = false) {
    const { from, to } = message.contents;
    const conversation = this.#privately(from.token === this.me.token ? to : from);
    this.#memory.whispered(message);
    this.#add(conversation, { id: message.id, ...message.contents }, remembered);
  }

  #add(conversation, message, isOld = false) {
    const mine = message.from.token === this.me.token;
    if (mine) {
      this.#memory.sent(message.key);
      if (message.key === this.#lastSaid.key) {
        this.#measured(performance.now() - this.#lastSaid.at);
        this.#lastSaid.key = "";
      }
    }
    conversation.stoppedTyping(message.from);
    const isNew = conversation.log.add(message, mine);
    conversation.listed = true;
    if (isNew && !mine && !isOld && !this.isBeingRead(conversation)) {
      conversation.unread++;
    }
    this.changed();
  }

  isBeingRead(conversation) {
    return conversation === this.current && !document.hidden && conversation.log.isAtEnd;
  }

  #typing({ room, person }) {
    const conversation = room ? this.#room(room) : this.conversations.get(Conversation.privateId(person));
    conversation?.typing(person);
  }

  #joined(id, { room, person }) {
    const conversation = this.#room(room);
    if (conversation?.seen(person) && person.token !== this.me.token) {
      conversation.log.notice(`${person.name} joined`, { order: id });
    }
    this.conversations.get(Conversation.privateId(person))?.seen(person);
  }

  #left(id, person, conversations) {
    for (const conversation of conversations) {
      // An earlier visit of our own may end late: it is not us who left.
      if (conversation?.gone(person) && person.token !== this.me.token) {
        conversation.log.notice(`${person.name} left`, { order: id });
      }
    }
  }

  /** Some of what was meant for us may never arrive: say so where it would have stood, and read again what can be read again. */
  #lost(order, why) {
    for (const conversation of this.conversations.values()) {
      conversation.log.notice(`Messages may be missing here: ${why}.`, { order, warning: true });
      if (conversation.room) {
        conversation.awaitPeople();
      }
    }
  }

  // ---- conversations ----------------------------------------------------------------------------------------------------------

  /** @returns {Conversation | undefined} */
  #room(room) {
    return this.conversations.get(Conversation.roomId(room));
  }

  #privately(other) {
    return this.conversations.get(Conversation.privateId(other)) ?? this.#open(Conversation.between(this.me, other, this.#owner));
  }

  #open(conversation) {
    conversation.draft = this.#memory.drafts[conversation.id] ?? "";
    this.conversations.set(conversation.id, conversation);
    return conversation;
  }

  #enterRooms() {
    // One that fails now is entered when the connection is back.
    this.rooms.filter((room) => room.isAwaitingPeople).forEach((room) => this.#enter(room).catch(() => {}));
  }

  /** Joins the room, for the first time or again, and reads who is in it and what was said. */
  async #enter(conversation) {
    const { room, log } = conversation;
    // What is above the cursor will arrive by itself; what is below, this page may have forgotten.
    const { people, history } = await this.comet.send("room.join", { room, upTo: this.comet.lastMessageId });
    conversation.arrived(people);
    log.addQuietly(() => history.forEach(({ id, contents }) => {
      const mine = contents.from.token === this.me.token;
      log.add({ id, ...contents }, mine);
      if (mine) {
        this.#memory.sent(contents.key);
      }
    }));
    this.#remember();
  }

  #undelivered(conversation, key, action) {
    const text = conversation.log.take(this.me.token, key);
    this.#memory.sent(key);
    if (action === "retry" && text !== undefined) {
      this.say(text, conversation, key);
    }
  }

  /** What the page had not seen come back when it was reloaded. If it has arrived, it is shown as any other once it is read again. */
  #showUnsent({ room, other, text, key }) {
    const conversation = room ? this.#room(room) : this.#privately(other);
    if (conversation) {
      conversation.log.addPending({ from: this.me, text, key });
      conversation.log.undelivered(this.me.token, key, "Perhaps not sent: the page was reloaded.");
    }
  }

  #remember() {
    if (this.comet.state === "closed") {
      return;
    }
    this.#memory.session = this.comet.session();
    this.#memory.rooms = this.rooms.map(({ room }) => room);
    this.#memory.current = this.current?.id ?? null;
    this.#memory.save();
  }
}
