// What this window remembers, so that neither a reload nor a crash of the browser loses anything: the session with its cursor,
// together with what the messages up to that cursor brought and the server no longer keeps (private messages). They are written as
// one record, so that they always fit together. Signing out forgets it, and so does time: the server gives a window up after a minute,
// and what one left behind is of use to nobody but the next person at this machine.
//
// What is not sent yet is this tab's alone: it is in sessionStorage, and forgotten with the tab.
//
// Records are per nickname in localStorage, which outlives a killed browser. A window holds the lock of its nickname for as long as it
// lives: two windows never fight for one session, and the lock of one that was killed is free at once.

const PREFIX = "comet-chat/session/";
const TAB = "comet-chat/this-tab";
const UNSENT = "comet-chat/unsent";
const RELOAD_MILLIS = 2_000;
const KEEP_MILLIS = 60 * 60_000;
const MAX_WHISPERS = 200;
const MAX_UNSENT = 50;
const MAX_DRAFT = 20_000;

export class Memory {
  #key;
  #release;
  #forgotten = false;

  /** @param {string} key @param {string} nickname @param {() => void} release */
  constructor(key, nickname, release) {
    this.#key = key;
    this.#release = release;
    const record = JSON.parse(localStorage.getItem(key) ?? "{}");
    this.nickname = record.nickname ?? nickname;
    /** Shows the server that whoever asks for the nickname again is who had it: an answer that was lost locks nobody out. */
    this.secret = record.secret ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    /** What Comet.adopt takes; null before the first connect. */
    this.session = record.session ?? null;
    /** @type {string[]} */
    this.rooms = record.rooms ?? ["lobby"];
    /** Id of the conversation on the screen. @type {string | null} */
    this.current = record.current ?? null;
    /** How messages are to travel, as comet.use takes it. */
    this.transport = record.transport ?? "auto";
    /** Private messages, oldest first. @type {object[]} */
    this.whispers = record.whispers ?? [];
    const unsent = sessionStorage.getItem(TAB) === key ? JSON.parse(sessionStorage.getItem(UNSENT) ?? "{}") : {};
    /** What is being written, by id of the conversation. @type {Record<string, string>} */
    this.drafts = unsent.drafts ?? {};
    /** Messages that have not come back, oldest first. @type {{room?: string, other?: object, text: string, key: string}[]} */
    this.unsent = unsent.messages ?? [];
    sessionStorage.setItem(TAB, key);
  }

  /** For this window alone; null if another window of this browser is using the nickname. */
  static async claim(nickname) {
    const key = PREFIX + nickname.toLowerCase();
    const release = await lock(key);
    return release && new Memory(key, nickname, release);
  }

  /** What this window had before it was reloaded, or else what another left when it was closed or killed. Null if there is nothing. */
  static async reclaim() {
    const own = sessionStorage.getItem(TAB);
    forgetOld(own);
    const others = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX) && key !== own);
    for (const key of own ? [own, ...others] : others) {
      // The page that was here before the reload may be a moment late in giving the lock back.
      const release = localStorage.getItem(key) && (await lock(key, key === own ? RELOAD_MILLIS : 0));
      if (release) {
        return new Memory(key, "", release);
      }
    }
    return null;
  }

  whispered(message) {
    this.whispers = [...this.whispers, message].slice(-MAX_WHISPERS);
  }

  /** @param {string} id of the conversation @param {string} text empty if nothing is being written */
  drafted(id, text) {
    if (text) {
      this.drafts[id] = text.slice(0, MAX_DRAFT);
    } else {
      delete this.drafts[id];
    }
    this.#saveUnsent();
  }

  /** A message is on its way: until it comes back, it may have to be sent again. */
  sending(message) {
    this.unsent = [...this.unsent.filter(({ key }) => key !== message.key), message].slice(-MAX_UNSENT);
    this.#saveUnsent();
  }

  /** It has come back, or is not to be sent any more. */
  sent(sentKey) {
    if (this.unsent.some(({ key }) => key === sentKey)) {
      this.unsent = this.unsent.filter(({ key }) => key !== sentKey);
      this.#saveUnsent();
    }
  }

  #saveUnsent() {
    if (!this.#forgotten) {
      sessionStorage.setItem(UNSENT, JSON.stringify({ drafts: this.drafts, messages: this.unsent }));
    }
  }

  save() {
    if (this.#forgotten) {
      return; // an answer that was on its way when its reader left brings nothing back
    }
    const { nickname, secret, session, rooms, current, transport, whispers } = this;
    localStorage.setItem(this.#key, JSON.stringify({ nickname, secret, session, rooms, current, transport, whispers, savedAt: Date.now() }));
  }

  forget() {
    this.#forgotten = true;
    localStorage.removeItem(this.#key);
    sessionStorage.removeItem(TAB);
    sessionStorage.removeItem(UNSENT);
    this.#release();
  }
}

/** A window that lives writes its record at least every half minute; the tab's own is for it to go on with, however old. */
function forgetOld(own) {
  const isOld = (record) => !(JSON.parse(record).savedAt > Date.now() - KEEP_MILLIS);
  Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX) && key !== own && isOld(localStorage.getItem(key)))
    .forEach((key) => localStorage.removeItem(key));
}

/**
 * Resolves to what gives the lock back, or to null if another window holds it. Without locks (plain HTTP from another machine) only the
 * tab that had the nickname before it was reloaded may go on with its session.
 * @returns {Promise<(() => void) | null>}
 */
function lock(name, millis = 0) {
  if (!navigator.locks) {
    const free = !localStorage.getItem(name) || sessionStorage.getItem(TAB) === name;
    return Promise.resolve(free ? () => {} : null);
  }
  return new Promise((resolve) => {
    const patience = millis > 0 ? { signal: AbortSignal.timeout(millis) } : { ifAvailable: true };
    const hold = (held) => (held ? new Promise((release) => resolve(release)) : resolve(null));
    navigator.locks.request(name, patience, hold).catch(() => resolve(null));
  });
}
