// A room or a private conversation: who is in it, who is typing, what is unread, and its log.

import { MessageLog } from "./log.js";

const TYPING_MILLIS = 6_000;

/** @typedef {{token: string, name: string, since: number}} Person  `since` tells two visits of the same name apart */

export class Conversation {
  /** @type {Map<string, Person>} by token */
  people = new Map();
  /** @type {Map<string, {name: string, timer: number}>} by token */
  #typists = new Map();
  /** What came while the list of who is here was on its way. @type {Array<() => void> | null} */
  #early = null;
  /** Listed, or put away by its reader until there is something new. */
  listed = true;
  unread = 0;
  draft = "";
  /** Set in a room. @type {string | undefined} */
  room;
  /** Set in a private conversation. @type {Person | undefined} */
  other;

  /**
   * @param {string} id
   * @param {string} title
   * @param {{changed: () => void, undelivered: (conversation: Conversation, key: string, action: string) => void}} owner
   */
  constructor(id, title, owner) {
    this.id = id;
    this.title = title;
    this.changed = owner.changed;
    this.log = new MessageLog(`Messages, ${title}`, (key, action) => owner.undelivered(this, key, action), owner.changed);
  }

  static room(room, owner) {
    const conversation = new Conversation(Conversation.roomId(room), room, owner);
    conversation.room = room;
    conversation.awaitPeople();
    conversation.log.begin("#", room, "Everybody in the room reads what is written here, and newcomers see the last messages.");
    return conversation;
  }

  /** @param {Person} me @param {Person} other */
  static between(me, other, owner) {
    const conversation = new Conversation(Conversation.privateId(other), other.name, owner);
    conversation.other = other;
    conversation.log.begin(other, other.name, "Only the two of you read this. The server forgets a message as soon as both have it.");
    conversation.seen(me);
    conversation.seen(other);
    return conversation;
  }

  static roomId(room) {
    return `room ${room}`;
  }

  static privateId({ token }) {
    return `private ${token}`;
  }

  /** Until {@link arrived}: who comes and goes is noted, and told once the list of who is here has been read. */
  awaitPeople() {
    this.#early = [];
  }

  get isAwaitingPeople() {
    return this.#early !== null;
  }

  /** @param {Person[]} people who is here */
  arrived(people) {
    const early = this.#early ?? [];
    this.#early = null;
    this.people = new Map(people.map((person) => [person.token, person]));
    early.forEach((event) => event());
    this.changed();
  }

  /** @returns {boolean} whether this is news */
  seen(person) {
    this.#early?.push(() => this.seen(person));
    const news = this.people.get(person.token)?.since !== person.since;
    this.people.set(person.token, person);
    this.changed();
    return news;
  }

  /** @returns {boolean} whether this is news; not if the same person has come back meanwhile */
  gone(person) {
    this.#early?.push(() => this.gone(person));
    const news = this.people.get(person.token)?.since === person.since;
    if (news) {
      this.people.delete(person.token);
      this.stoppedTyping(person);
      this.changed();
    }
    return news;
  }

  typing(person) {
    clearTimeout(this.#typists.get(person.token)?.timer);
    const timer = setTimeout(() => this.stoppedTyping(person), TYPING_MILLIS);
    this.#typists.set(person.token, { name: person.name, timer });
    this.changed();
  }

  stoppedTyping(person) {
    clearTimeout(this.#typists.get(person.token)?.timer);
    if (this.#typists.delete(person.token)) {
      this.changed();
    }
  }

  isTyping(person) {
    return this.#typists.has(person.token);
  }

  /** Such as "Ada and Bob are typing"; empty if nobody is. */
  get typingText() {
    const names = [...this.#typists.values()].map(({ name }) => name);
    switch (names.length) {
      case 0:
        return "";
      case 1:
        return `${names[0]} is typing`;
      case 2:
        return `${names[0]} and ${names[1]} are typing`;
      default:
        return `${names.length} people are typing`;
    }
  }
}
