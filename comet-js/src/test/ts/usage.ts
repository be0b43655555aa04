// What applications write; the compiler must accept all of it.
import { Comet, CometError, type CometMessage, type CometMessages, type CometSession, type CometState } from "./comet.js";

interface Said {
  who: string;
  text: string;
}

export async function chat(): Promise<void> {
  const comet = await Comet.connect("/comet", { displayName: "Ada" }, { hold: 20, reconnect: false, bufferLimit: 10 });

  const remove: () => void = comet.on<Said>("chat.said", ({ id, contents }) => show(id, contents.text));
  comet.on("chat.left", (m) => m.contents.anything);
  comet.on("*", (m: CometMessage) => console.log(m.name));
  comet.on("comet.*", (event) => {
    if (event.name === "comet.state") enter(event.contents.to);
  });
  comet.on("comet.success", ({ contents: { messages, millis } }) => messages + millis);
  comet.on("comet.failure", ({ contents }) => {
    if (!contents.permanent) console.log(contents.retryInMillis, contents.error.code);
  });
  comet.on("comet.gap", ({ contents }) => contents.to - contents.from + contents.reason.length);
  comet.on("comet.sessionlost", ({ contents: { current } }) => current?.length);
  comet.on("comet.handlererror", ({ contents }) => contents.message.id);
  comet.on("comet.timeout", async ({ contents }) => contents.lastMessageId);
  remove();

  const reply = await comet.send<{ seq: number }>("chat.say", { text: "hello" });
  show(reply.seq, "");
  await comet.send("chat.ping");
  const replies = await comet.send<[number, string]>([{ name: "a" }, { name: "b", contents: 2 }]);
  if (replies) show(replies[0], replies[1]);

  try {
    for await (const { id, name, contents } of comet) show(id, name + contents);
  } catch (error) {
    if (error instanceof CometError && !error.permanent) show(error.retryAfterSeconds ?? 0, error.reason);
  }

  const messages: CometMessages = comet[Symbol.asyncIterator]();
  const { done, value } = await messages.next();
  if (!done) show(value.id, value.name);
  await messages.return();

  enter(comet.state);
  comet.unsubscribe();
  comet.subscribe();
  localStorage.setItem("comet", JSON.stringify(comet.session()));
  const told: boolean = await comet.disconnect();
  show(comet.lastMessageId, `${told} ${comet.publicToken} ${comet.displayName} ${comet.transport}`);
}

export function adopt(session: CometSession): Comet {
  Comet.adopt("/comet", { publicToken: "p", connectionTimeoutSeconds: 25 });
  return Comet.adopt("/comet", session, {
    subscribe: false,
    disconnectOnLeave: true,
    timeoutMillis: 5_000,
    reconnect: async (signal) => (await fetch("/login/comet", { method: "POST", signal })).json(),
    platform: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, "X-Mine": "1" } }) },
  });
}

function show(id: number, text: string): void {
  console.log(id, text);
}

function enter(state: CometState): void {
  switch (state) {
    case "connecting":
    case "connected":
    case "reconnecting":
    case "disconnected":
    case "paused":
    case "lost":
    case "superseded":
    case "closed":
      return;
    default:
      state satisfies never;
  }
}
