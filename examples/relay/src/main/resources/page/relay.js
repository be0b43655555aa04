// The test page: a phone in a browser.

import { Comet } from "./comet/comet.js";
import { frame, KINDS, parse } from "./frame.js";

const LOG_LINES = 8;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

const trips = [];
let pushes = 0;

/** A MAC that no real device has, kept for this tab: a reload is the same phone. */
function ownMac() {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return ["06", ...[...bytes].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** @param {string} tag @param {string[]} texts @param {string} [name] */
function line(tag, texts, name = "") {
  const element = Object.assign(document.createElement(tag), { className: name });
  element.append(...texts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  return element;
}

/** @param {{mac: string, deviceId: string, lastActiveMillis: number}[]} gateways */
function showGateways(gateways) {
  const chosen = part("gateway").value;
  part("gateway").replaceChildren(...gateways.map(({ mac, deviceId }) => new Option(`${deviceId} (${mac})`, mac, false, mac === chosen)));
  part("devices").replaceChildren(...gateways.map(({ mac, deviceId, lastActiveMillis }) =>
    line("li", [`${deviceId} · ${mac}`, `active ${new Date(lastActiveMillis).toLocaleTimeString()}`])));
  part("count").textContent = gateways.length;
}

/** @param {string} text @param {string} detail @param {string} [name] */
function log(text, detail, name) {
  const list = part("log");
  list.prepend(line("li", [text, detail], name));
  while (list.children.length > LOG_LINES) list.lastElementChild.remove();
}

/** @param {Comet} comet @param {string} command */
async function send(comet, command) {
  const [gateway, light] = [part("gateway").value, part("light").value];
  const began = performance.now();
  try {
    const reply = await comet.request("relay.command", frame(KINDS.COMMAND, { id: gateway, deviceid: light, command }), 15_000);
    const millis = performance.now() - began;
    const { json } = parse(reply);
    trips.push(millis);
    part("round-trip").textContent = millis.toFixed(millis < 10 ? 1 : 0);
    part("average").textContent = `, ${(trips.reduce((sum, trip) => sum + trip, 0) / trips.length).toFixed(1)} ms on average of ${trips.length}`;
    log(`${json.deviceid} is ${json.state}`, `${millis.toFixed(1)} ms`);
  } catch (error) {
    log(`${light} ${command}: ${error.reason ?? error.message}`, error.code ?? "", "bad");
  }
}

/** @param {string} state */
function showState(state) {
  part("state").textContent = state;
  part("state").className = `badge ${state === "connected" ? "good" : state === "connecting" ? "" : "bad"}`;
}

const hello = frame(KINDS.PHONE_HELLO, { id: ownMac(), deviceid: "page" });
const comet = await Comet.connect("./comet", { frame: hello }, { disconnectOnLeave: true }).catch((error) => {
  showState(error.reason);
  throw error;
});
comet.on("comet.state", ({ contents }) => showState(contents.to));
comet.on("comet.sessionlost", async () => showGateways(await comet.request("relay.devices", "all")));
comet.on("relay.devices", ({ contents }) => showGateways(contents));
comet.on("relay.heart", ({ contents }) => {
  const { json } = parse(contents);
  part("pushes").textContent = ++pushes;
  part("push").textContent = `the last one came at ${new Date(json.at).toLocaleTimeString()}`;
});
part("command").addEventListener("submit", (event) => {
  event.preventDefault();
  void send(comet, event.submitter?.value ?? "state");
});
showState(comet.state);
showGateways(await comet.request("relay.devices", "all"));
