// node clients.js …/comet.js: clients of the chaos run, which do what the lines of the standard input say, and tell in lines what happens to
// them. Each request goes to another node, as it would behind a load balancer without stickiness.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { Comet } = await import(pathToFileURL(process.argv[2]).href);

const TIMEOUT_MILLIS = 8_000;

let ports = [];
const clients = new Map(); // by slot

const platform = {
  fetch: (url, init) => fetch(url.replace("http://any", `http://127.0.0.1:${ports[Math.floor(Math.random() * ports.length)]}`), init),
};

const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);

const connect = async (slot, idle, group, transport) => {
  let comet;
  try {
    comet = await Comet.connect("http://any/comet", { idle, group }, { transport, platform, timeoutMillis: TIMEOUT_MILLIS });
  } catch (error) {
    say("connectFailed", slot, error.code);
    return;
  }
  clients.set(slot, comet);
  let token = comet.publicToken;
  say("connected", slot, token);
  comet.on("n", ({ id, contents }) => say("received", token, id, contents));
  comet.on("asked", (message) => {
    say("asked", token, message.id, message.contents);
    message.reply(`${message.contents}@${token}`).catch(() => {}); // that nobody waits any more is what the other side tells
  });
  comet.on("comet.gap", ({ contents: { from, to, reason } }) => say("gap", token, from, to, reason));
  comet.on("comet.sessionlost", ({ contents: { previous, current } }) => {
    say("lost", previous, current ?? "");
    token = current ?? token;
  });
  comet.on("comet.closed", ({ contents: { reason } }) => say("closed", token, reason));
  comet.on("comet.superseded", () => say("fault", token, "was superseded by somebody else"));
  comet.on("comet.failure", ({ contents: { permanent, error } }) => permanent && say("fault", token, `was refused for good: ${error}`));
};

const request = async (slot, key, name, contents) => {
  try {
    say("replied", key, await clients.get(slot).request(name, contents, TIMEOUT_MILLIS));
  } catch (error) {
    say("failed", key, error.code ?? (clients.has(slot) ? String(error).replace(/\s/g, "_") : "not-there"));
  }
};

const commands = {
  ports: (all) => (ports = all.split(",")),
  connect,
  use: (slot, transport) => clients.get(slot)?.use(transport),
  echo: (slot, key) => request(slot, key, "echo", key),
  ask: (slot, key, to) => request(slot, key, "ask", { to, key }),
  disconnect: (slot) => {
    clients.get(slot)?.disconnect();
    clients.delete(slot);
  },
  walkAway: (slot) => {
    clients.get(slot)?.unsubscribe();
    clients.delete(slot);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(" ");
  commands[command](...words);
}
process.exit(0);
