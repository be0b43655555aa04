// The test page: a phone in a browser.

import { Comet } from "./comet/comet.js";
import { frame, KINDS, parse } from "./frame.js";
import { codeInAddress, known, pair } from "./pairing.js";
import { outcome, problem, UNKNOWN_PHONE } from "./words.js";

const LOG_LINES = 8;
const TICK_MILLIS = 1_000;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

const trips = [];
let pushes = 0;

/** @param {string} tag @param {string[]} texts @param {string} [name] */
function line(tag, texts, name = "") {
  const element = Object.assign(document.createElement(tag), { className: name });
  element.append(...texts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  return element;
}

/** @type {Map<string, number>} when each gateway was last active, by this page's clock */
const heardOf = new Map();

/** @param {number} millis */
function ago(millis) {
  const seconds = Math.round(millis / 1000);
  if (seconds < 2) return "active now";
  return seconds < 60 ? `active ${seconds} s ago` : `active ${Math.floor(seconds / 60)} min ago`;
}

function showAges() {
  for (const row of part("devices").children) row.lastElementChild.textContent = ago(Date.now() - (heardOf.get(row.dataset.mac) ?? 0));
}

function keepAgesCurrent() {
  showAges();
  setTimeout(keepAgesCurrent, TICK_MILLIS);
}

/** @param {{mac: string, deviceId: string, activeMillisAgo: number}[]} gateways */
function showGateways(gateways) {
  const chosen = part("gateway").value;
  part("gateway").replaceChildren(...gateways.map(({ mac, deviceId }) => new Option(`${deviceId} (${mac})`, mac, false, mac === chosen)));
  heardOf.clear();
  part("devices").replaceChildren(...gateways.map(({ mac, deviceId, activeMillisAgo }) => {
    heardOf.set(mac, Date.now() - activeMillisAgo);
    const row = line("li", [`${deviceId} · ${mac}`, ""]);
    row.dataset.mac = mac;
    return row;
  }));
  showAges();
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
    heardOf.set(gateway, Date.now()); // the cloud says so only with its next heart
    showAges();
    const { json } = parse(reply);
    trips.push(millis);
    part("round-trip").textContent = millis.toFixed(millis < 10 ? 1 : 0);
    part("average").textContent = `, ${(trips.reduce((sum, trip) => sum + trip, 0) / trips.length).toFixed(1)} ms on average of ${trips.length}`;
    log(`${json.deviceid} is ${json.state}`, `${millis.toFixed(1)} ms`);
  } catch (error) {
    log(`${light} ${command}: ${outcome(error)}`, error.code ?? "", "bad");
  }
}

/** @param {string} state */
function showState(state) {
  part("state").textContent = state;
  part("state").className = `badge ${state === "connected" ? "good" : state === "connecting" ? "" : "bad"}`;
}

/** @param {{mac: string, key: string}} phone */
const connect = ({ mac, key }) =>
  Comet.connect("./comet", { frame: frame(KINDS.PHONE_HELLO, { id: mac, deviceid: "page" }), key }, { disconnectOnLeave: true });

/** As the phone that this tab was before; if the cloud does not know it any more, or another tab is it, as a new one. */
async function begin() {
  const phone = known();
  if (!phone) return connect(await pair());
  return connect(phone).catch(async (error) => {
    if (error.code !== "refused" && error.code !== "client-already-exists") throw error;
    return connect(await pair());
  });
}

/** @param {boolean} may */
const mayCommand = (may) => part("command").querySelectorAll("button").forEach((button) => { button.disabled = !may; });

/** @param {Comet} comet */
async function follow(comet) {
  part("pairing").hidden = true;
  mayCommand(true);
  comet.on("comet.state", ({ contents }) => (contents.to === "lost" ? askForCode({ status: UNKNOWN_PHONE }) : showState(contents.to)));
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
  keepAgesCurrent();
}

/** @param {{status?: number}} error */
function askForCode(error) {
  showState("not paired");
  mayCommand(false);
  part("pairing").hidden = false;
  part("pairing-problem").textContent = problem(error);
  part("code").focus();
}

part("pairing").addEventListener("submit", async (event) => {
  event.preventDefault();
  await pair(part("code").value.trim()).then(() => location.reload(), askForCode); // the page begins as the phone that it is now
});

codeInAddress();
await begin().then(follow).catch(askForCode);
