/** A message, in the order in which it is to be handled. The client's own have id 0 and a name that begins with `comet.`. */
export interface CometMessage<Contents = any> {
  readonly id: number;
  readonly name: string;
  readonly contents: Contents;
  /** Of the request that this is, or that it answers. */
  readonly correlationId?: string;
  /**
   * There if the message is a request: replies to it, once; without contents the reply says that it is done. Rejects with a CometError:
   * `no-such-request` if nobody waits any more, `already-replied` if it was answered (by another tab that shares this client, say).
   */
  reply?(contents?: unknown): Promise<void>;
  /** There if the message is a request: says in words why it will not be done. */
  refuse?(reason: string): Promise<void>;
}

/**
 * - `connecting`: no answer yet
 * - `connected`: the last request was answered
 * - `reconnecting`: something failed, or the server asked to come back later; goes on by itself
 * - `disconnected`: that failed twice in a row: nothing gets through, for all that can be known here. Still goes on by itself
 * - `paused`: {@link Comet.unsubscribe}; {@link Comet.subscribe} goes on from the same message
 * - `lost`: the server does not know this client any more and there is no way to a new session, another page has replaced the cookie, or the server
 *   refuses it for good. Does not go on by itself; {@link Comet.subscribe} tries again, and takes the cookie back
 * - `superseded`: another page or process receives with the same token. Does not go on by itself
 * - `closed`: ended, here or by the server. Final
 */
export type CometState = "connecting" | "connected" | "reconnecting" | "disconnected" | "paused" | "lost" | "superseded" | "closed";

/** What the server gives a client when it is initialised. Contains a secret: keep it out of logs, URLs and other people's pages. */
export interface CometSession {
  /** The client's address. */
  publicToken: string;
  /** The client's secret. Absent when the server keeps it in a cookie: tabs are one client then, and need {@link ConnectOptions.share}. */
  privateToken?: string;
  displayName?: string;
  /** How long the server holds a poll. */
  connectionTimeoutSeconds: number;
  /** The id of the last message that was handled; 0 or absent: everything since the client was initialised. */
  lastMessageId?: number;
}

/** The client's own events and their contents. */
export interface CometEvents {
  /**
   * A poll was answered, or a piece of the stream came (heart-beats too); comes after its messages. `messages` of them were new, `millis`
   * is how long it took.
   */
  "comet.success": { messages: number; millis: number };
  /** Nothing came while a poll was held. */
  "comet.timeout": { lastMessageId: number };
  /** A request failed. Unless that is permanent, the next one follows in `retryInMillis`. */
  "comet.failure":
    | { error: CometError; attempt: number; permanent: false; retryInMillis: number }
    | { error: CometError; attempt: number; permanent: true };
  "comet.state": { from: CometState; to: CometState };
  /** The last answer came in another way than the one before. Nothing is lost by that. */
  "comet.transport": { from: CometTransport; to: CometTransport };
  /** Messages with from ≤ id ≤ to may be lost, apart from those that follow. Reload what they would have changed. */
  "comet.gap": { from: number; to: number; reason: "overflow" | "expired" | "confirmed" | "unknown-cursor" | "store-lost" | "unreadable" | (string & {}) };
  /**
   * The server does not know the session any more. `current` is the public token of the session that replaces it (join rooms again, reload
   * what is shown: messages in between are lost), or null if there is none (state `lost`). Comes also when another page has replaced the
   * cookie, as somebody else: that one is left alone until {@link Comet.subscribe}.
   */
  "comet.sessionlost": { previous: string; current: string | null };
  /** The server goes away for a moment; the next request follows in `delayMillis`. */
  "comet.reconnect": { delayMillis: number };
  "comet.closed": { reason: "disconnected" | "overflow" | (string & {}) };
  "comet.superseded": {};
  /** A handler threw, or its promise was rejected. If nobody listens, the error is reported as an uncaught one is. */
  "comet.handlererror": { error: unknown; message: CometMessage };
}

export type CometEvent = { [Name in keyof CometEvents]: CometMessage<CometEvents[Name]> & { readonly name: Name } }[keyof CometEvents];

export interface SendRequest {
  name: string;
  contents?: unknown;
}

/** What the client needs of its surroundings; each can be replaced, for tests or to add headers of one's own. */
export interface CometPlatform {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds, by a clock that goes on while the machine sleeps. */
  now(): number;
  setTimeout(action: () => void, millis: number): unknown;
  clearTimeout(timer: any): void;
  /** From 0 to below 1. */
  random(): number;
  /** For {@link ConnectOptions.share}; undefined where the surroundings have none. */
  locks?: LockManager | undefined;
  channel?: ((name: string) => BroadcastChannel) | undefined;
  /** Where `online`, `visibilitychange`, `pageshow` and `pagehide` come from: the window, if there is one. */
  page: EventTarget;
}

/** How messages travel: by an event stream that does not end, or by one held request after the other. */
export type CometTransport = "stream" | "poll";

export interface CometOptions {
  /**
   * `auto` (default): the stream, and polls where something on the way keeps the stream back or cuts it; then the stream is tried again
   * after 30 s, later up to 10 minutes. `stream` or `poll`: that one only.
   */
  transport?: CometTransport | "auto";
  /** Begin to receive at once (default), or stay `paused` until {@link Comet.subscribe}. */
  subscribe?: boolean;
  /**
   * Seconds, from 1, that a poll may be held at most. Default: the server's `connectionTimeoutSeconds`. Below that the client finds out by
   * itself how long a network lets a request live.
   */
  hold?: number;
  /** How long connect, send, disconnect and `reconnect` may take. Milliseconds, from 1; default 30 000. */
  timeoutMillis?: number;
  /** How many messages wait for one slow `for await` loop, from 1; default 1000. Beyond it the oldest go, announced by `comet.gap`. */
  bufferLimit?: number;
  /** End the client when the page is left, with a beacon; default false: the server ends it when it stays away too long. */
  disconnectOnLeave?: boolean;
  platform?: Partial<CometPlatform>;
}

export interface ConnectOptions extends CometOptions {
  /**
   * Tabs of this origin that give the same name, such as who is logged in, are one client with one connection: each gets every message,
   * whichever of them has the connection; another takes over when that one is closed or frozen. `disconnect` ends it for all. Needs Web Locks
   * (a secure context) and BroadcastChannel; without them each tab is a client of its own.
   */
  share?: string;
  /** Connect again, with the same details, when the session is lost, unless another page has replaced the cookie; default true. */
  reconnect?: boolean;
}

export interface AdoptOptions extends CometOptions {
  /**
   * Called when the session is lost; gives another one. Called again, with backoff, if it fails or takes longer than `timeoutMillis`; the
   * signal then says that nobody waits for it any more. Default: the state becomes `lost`.
   */
  reconnect?: (signal: AbortSignal) => Promise<CometSession>;
}

/** A failure, in the server's words (`code`, `reason`) where it had any. */
export class CometError extends Error {
  constructor(code: string, reason: string, details?: { status?: number; retryAfterSeconds?: number; index?: number; cause?: unknown });
  /**
   * The server's code, or one of the client's own: `network` (no answer, or a cut one), `silence` (none in time), `answer-invalid`
   * (not what Comet answers), `unexpected-status` (from something on the way), `slept` (asked again after a sleep, still no answer),
   * `overtaken` (by an older request of this client, which arrived late; it asks again), `reconnect-failed` (the application's function),
   * `parameters-invalid`, `closed`.
   */
  readonly code: string;
  readonly reason: string;
  /** HTTP status; absent if there was no answer. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** Which message of an array failed; those before it were handled, those after it not. */
  readonly index?: number;
  /** Comet itself refused what it would refuse again: a 4xx, but 408, 409 and 429, which may pass. */
  readonly permanent: boolean;
}

/** Collects messages from its making on. One that is given up has to be told so by `return`, as leaving a `for await` loop does. */
export interface CometMessages extends AsyncIterableIterator<CometMessage> {
  next(): Promise<IteratorResult<CometMessage, undefined>>;
  /** Ends it at once; a `next` that waits is answered. */
  return(): Promise<IteratorReturnResult<undefined>>;
  [Symbol.asyncIterator](): this;
}

/**
 * A client of a Comet server.
 *
 * **Delivery.** Every message that the server accepted for this client reaches its handlers once and in order, or a `comet.gap` or
 * `comet.sessionlost` says, before any later message, that some were lost.
 *
 * **Handlers** are called one message after the other, from a microtask of their own: never from within a call of this class, and never
 * one inside another. A promise that a handler returns is not waited for. One that throws stops nothing.
 *
 * **Confirmation.** The next poll leaves right before the handlers of an answer are called, and tells the server that it may forget these
 * messages; a stream says so after 5 s or 100 messages. An application that has to survive its own crash stores the message's id ({@link lastMessageId}) together with its effects and
 * gives that to {@link adopt} when it starts again: if the server forgot a message whose effects were not stored, there is a `comet.gap`
 * with the reason `confirmed`. Loss is known, not prevented.
 */
export class Comet implements AsyncIterable<CometMessage> {
  private constructor();

  /**
   * Asks the server's application for a session (`details` is what it wants to know, for example `{displayName}`) and begins to receive.
   * One attempt: rejects with a CometError if it fails. Register handlers right after `await`, before awaiting anything else.
   * @param url where the server's Comet is mapped, for example `/comet`; absolute outside of a browser
   */
  static connect(url: string, details?: object, options?: ConnectOptions): Promise<Comet>;

  /** Goes on with a session that exists: one that the page was given, or the {@link session} of an earlier client. */
  static adopt(url: string, session: CometSession, options?: AdoptOptions): Comet;

  readonly state: CometState;
  /** How the last answer came; before the first one, how it is to come. */
  readonly transport: CometTransport;
  readonly publicToken: string;
  readonly displayName: string | undefined;
  /** Up to where messages have been handed to handlers; within a handler, its own message's id. */
  readonly lastMessageId: number;

  /** What {@link adopt} takes to go on after a reload. Contains the private token. */
  session(): CometSession;

  /**
   * Calls `handler` for messages of this name until the returned function is called. `*` stands for all of the application's messages,
   * `comet.*` for all of the client's own events. Throws if the handler is no function.
   */
  on<Name extends keyof CometEvents>(name: Name, handler: (event: CometMessage<CometEvents[Name]>) => unknown): () => void;
  on(name: "comet.*", handler: (event: CometEvent) => unknown): () => void;
  on<Contents = any>(name: string, handler: (message: CometMessage<Contents>) => unknown): () => void;

  /**
   * Hands a message to the application on the server; gives its handler's reply, undefined if it has none. Never repeated by itself: when
   * there is no answer, nobody knows whether the message was handled. Two sends at a time may arrive in either order. Works while paused;
   * rejects at once with the code `closed` after {@link disconnect}.
   */
  send<Reply = any>(name: string, contents?: unknown): Promise<Reply>;
  /** Hands over up to 100 messages, handled in order; gives their replies, undefined if there are none at all. */
  send<Replies extends unknown[] = any[]>(messages: SendRequest[]): Promise<Replies | undefined>;

  /**
   * Hands a message to the application on the server and waits for the reply, however late its handler, or another client that it asks, gives
   * one: the reply travels like a message, and survives a change of network. Null if there is none. Rejects with a CometError: `timed-out`
   * after `timeoutMillis` (default: {@link CometOptions.timeoutMillis}; it may be handled all the same), `refused` and others of the server's codes, `client-does-not-exist` if
   * this client's session, or the client that was asked, ended. Never repeated by itself. Needs to be subscribed.
   */
  request<Reply = any>(name: string, contents?: unknown, timeoutMillis?: number): Promise<Reply>;

  /** Goes on after the last message; takes over from whoever superseded this client. Throws if it is closed. */
  subscribe(): void;
  /** Changes how messages travel, at once and at the same message; see {@link CometOptions.transport}. */
  use(transport: CometTransport | "auto"): void;
  /** Stops receiving at once; messages that were already received are still handed over. */
  unsubscribe(): void;

  /**
   * Ends the client, here at once, and on the server. Never rejects: false if the server could not be told; it then ends the client when
   * it has stayed away too long.
   */
  disconnect(): Promise<boolean>;

  /**
   * The application's messages, with `comet.gap` and `comet.sessionlost` in their places, from now on. Each loop has a buffer of its own
   * (`bufferLimit`). Ends when the client is disconnected; throws a CometError when it ends in any other way.
   */
  [Symbol.asyncIterator](): CometMessages;
}
