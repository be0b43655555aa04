// Puts the chat on the screen, and what is done on the screen into the chat.

import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { byId, coalesced, drawAvatar, reconcile, setText } from "./dom.js";
import { closeDrawer, openDrawer } from "./drawers.js";
import { JoinDialog } from "./join-dialog.js";
import { Memory } from "./memory.js";
import { Status } from "./status.js";
import { notLetIn } from "./words.js";

const TITLE = document.title;
const hasKeyboard = matchMedia("(hover: hover)");

/** @type {Chat | null} */
let chat = null;
/** @type {import("./conversation.js").Conversation | null} what is on the screen */
let shown = null;

const status = new Status(byId("status"), byId("status-text"), byId("status-detail"));
const composer = new Composer(byId("composer"), {
  send: (text) => chat.say(text),
  written: (text) => chat.write(text),
  typing: () => chat.typing(),
});
const joinDialog = new JoinDialog(byId("join-dialog"), () => {
  closeDrawer();
  focusComposer();
});

// ---- coming and going -----------------------------------------------------------------------------------------------------------

async function start(memory) {
  try {
    chat = await Chat.open(memory, render, (millis) => status.roundTrip(millis));
  } catch (error) {
    memory.forget();
    askForNickname(memory.nickname, notLetIn(error, memory.nickname));
    return;
  }
  byId("sign-in").hidden = true;
  byId("chat").hidden = false;
  drawAvatar(byId("my-avatar"), chat.me);
  setText(byId("my-name"), chat.me.name);
  byId("transport").value = chat.transport;
  status.follow(chat.comet);
  chat.comet.on("comet.failure", ({ contents }) => {
    if (contents.permanent) {
      leave(notLetIn(contents.error, memory.nickname));
    }
  });
  render();
  composer.focus();
}

function askForNickname(nickname = "", problem = "") {
  byId("chat").hidden = true;
  byId("sign-in").hidden = false;
  byId("nickname").value = nickname;
  byId("sign-in-problem").textContent = problem;
  byId("nickname").focus();
  document.title = TITLE;
}

function leave(problem = "") {
  const { name } = chat.me;
  chat.signOut();
  chat = shown = null;
  ["logs", "rooms", "privates", "people-list"].forEach((list) => byId(list).replaceChildren());
  composer.value = "";
  closeDrawer();
  askForNickname(name, problem);
}

byId("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const nickname = byId("nickname").value.trim();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const memory = await Memory.claim(nickname);
  if (memory) {
    await start(memory);
  } else {
    askForNickname(nickname, `${nickname} is open in another window of this browser.`);
  }
  button.disabled = false;
});

// ---- the screen -----------------------------------------------------------------------------------------------------------------

const render = coalesced(() => {
  if (!chat) {
    return;
  }
  const { current } = chat;
  if (current !== shown) {
    change(current);
  }
  if (chat.isBeingRead(current)) {
    current.unread = 0;
  }
  renderPlaces();
  renderPeople(current);
  renderBanner(chat.comet.state);

  const connected = chat.comet.state === "connected";
  composer.ready = connected;
  setText(byId("typing-text"), current.typingText);
  byId("typing").classList.toggle("shown", current.typingText !== "");
  byId("more").hidden = current.log.isAtEnd || current.unread === 0;
  setText(byId("more-text"), current.unread === 1 ? "1 new message" : `${current.unread} new messages`);
  document.title = `${chat.unread ? `(${chat.unread}) ` : ""}${current.title} – ${TITLE}`;
});

/** Another conversation comes onto the screen. */
function change(current) {
  if (shown) {
    shown.log.hide();
  }
  shown = current;
  if (!current.log.element.isConnected) {
    byId("logs").append(current.log.element);
  }
  current.log.show();
  composer.value = current.draft;
  composer.placeholder = `Message ${current.room ? "#" : ""}${current.title}`;
  setText(byId("title"), `${current.room ? "#" : ""}${current.title}`);
  const close = byId("close-conversation");
  close.hidden = current === chat.lobby;
  close.title = close.ariaLabel = current.room ? `Leave #${current.title}` : `Put the conversation with ${current.title} away`;
}

function renderPlaces() {
  const update = (element, conversation) => {
    const button = element.querySelector("button");
    const mark = element.querySelector(".mark");
    if (conversation.other) {
      drawAvatar(mark, conversation.other);
    } else {
      setText(mark, "#");
    }
    setText(element.querySelector(".name"), conversation.title);
    button.ariaCurrent = String(conversation === chat.current);
    button.ariaLabel = conversation.unread ? `${conversation.title}, ${conversation.unread} unread` : conversation.title;
    button.classList.toggle("unread", conversation.unread > 0);
    showCount(element.querySelector(".badge"), conversation.unread);
  };
  reconcile(byId("rooms"), chat.rooms, "place-template", update);
  reconcile(byId("privates"), chat.privates, "place-template", update);
  byId("privates-section").hidden = chat.privates.length === 0;
  showCount(byId("elsewhere"), chat.unread - chat.current.unread);
}

function showCount(badge, count) {
  badge.hidden = count === 0;
  setText(badge, count > 99 ? "99+" : String(count));
}

function renderPeople(current) {
  const people = [...current.people.values()]
    .map((person) => ({ ...person, id: person.token }))
    .sort((a, b) => a.name.localeCompare(b.name));
  reconcile(byId("people-list"), people, "person-template", (element, person) => {
    const isMe = person.token === chat.me.token;
    const button = element.querySelector("button");
    const isTyping = current.isTyping(person);
    drawAvatar(element.querySelector(".avatar"), person);
    setText(element.querySelector(".name"), person.name);
    setText(element.querySelector(".note"), isMe ? "you" : isTyping ? "typing…" : "");
    button.classList.toggle("writing", isTyping);
    button.disabled = isMe;
  });
  setText(byId("people-title"), `Here now · ${people.length}`);
  setText(byId("people-count"), String(people.length));
  byId("people-hint").hidden = current.other !== undefined || people.length < 2;
}

function renderBanner(state) {
  const [text, action] = {
    superseded: ["This chat goes on in another window.", "Use it here"],
    closed: ["The server has ended this session.", "Sign in again"],
  }[state] ?? ["", ""];
  byId("banner").hidden = text === "";
  setText(byId("banner-text"), text);
  setText(byId("banner-action"), action);
}

// ---- what is done on the screen ---------------------------------------------------------------------------------------------------

const ACTIONS = {
  "open-places": () => openDrawer("places"),
  "open-people": () => openDrawer("people"),
  "close-drawer": () => closeDrawer(),
  "join-room": () => joinDialog.open(chat),
  "close-conversation": () => closeConversation(),
  "to-the-end": () => chat.current.log.toEnd(),
  "sign-out": () => leave(),
  retry: () => focusComposer(),
  discard: () => focusComposer(),
  banner: () => (chat.comet.state === "superseded" ? chat.comet.subscribe() : leave()),
};

document.addEventListener("click", ({ target }) => ACTIONS[target.closest("[data-action]")?.dataset.action]?.());

function goTo(conversation) {
  closeDrawer();
  chat.show(conversation);
  focusComposer();
}

/** Not on a phone, where it would open the keyboard over what is to be read. */
function focusComposer() {
  if (hasKeyboard.matches) {
    composer.focus();
  }
}

function closeConversation() {
  if (chat.current.other) {
    chat.putAway(chat.current);
  } else {
    chat.leave(chat.current);
  }
  focusComposer();
}

for (const list of ["rooms", "privates"]) {
  byId(list).addEventListener("click", ({ target }) => {
    const id = target.closest("li")?.dataset.id;
    if (id) {
      goTo(chat.conversations.get(id));
    }
  });
}

byId("people-list").addEventListener("click", ({ target }) => {
  const person = chat.current.people.get(target.closest("li")?.dataset.id);
  if (person && !target.closest("button").disabled) {
    closeDrawer();
    chat.talkTo(person);
    focusComposer();
  }
});

byId("transport").addEventListener("change", ({ target }) => {
  chat.transport = target.value;
});

document.addEventListener("keydown", (event) => {
  if (!chat || joinDialog.isOpen) {
    return;
  }
  if (event.key === "Escape" && !closeDrawer() && chat.current.other) {
    closeConversation();
  }
  if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const all = [...chat.rooms, ...chat.privates];
    const step = event.key === "ArrowDown" ? 1 : -1;
    goTo(all.at((all.indexOf(chat.current) + step) % all.length));
  }
});

document.addEventListener("visibilitychange", () => render());

// ---- go -----------------------------------------------------------------------------------------------------------------------------

const remembered = await Memory.reclaim();
if (remembered) {
  await start(remembered);
} else {
  askForNickname();
}
