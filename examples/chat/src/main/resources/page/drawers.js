// On narrow screens the lists at the sides are drawers: one at a time, over the conversation, which cannot be reached meanwhile.

import { byId } from "./dom.js";

const frame = byId("chat");
const conversation = document.querySelector(".conversation");

/** @param {"places" | "people"} name */
export function openDrawer(name) {
  frame.dataset.drawer = name;
  update();
  byId(name).querySelector("[data-action=close-drawer]").focus();
}

/** @returns {boolean} whether one was open */
export function closeDrawer() {
  const name = frame.dataset.drawer;
  if (name) {
    delete frame.dataset.drawer;
    update();
    document.querySelector(`[data-action=open-${name}]`).focus();
  }
  return name !== undefined;
}

function update() {
  const open = frame.dataset.drawer;
  conversation.inert = open !== undefined;
  for (const name of ["places", "people"]) {
    document.querySelector(`[data-action=open-${name}]`).ariaExpanded = String(open === name);
    byId(name).inert = open !== undefined && open !== name;
  }
}

// A window that becomes wide shows the lists beside the conversation.
matchMedia("(max-width: 1040px)").addEventListener("change", closeDrawer);
matchMedia("(max-width: 720px)").addEventListener("change", closeDrawer);
