// Who this phone is: a MAC, and the key that the cloud has given it. Both are kept for this tab, so that a reload is the same phone.

const PHONE = "relay/phone";
const CODE = "relay/code";

/** A MAC that no real device has. */
function newMac() {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return ["06", ...[...bytes].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** @param {number} status @param {string} text for the console, not for the page */
const refusal = (status, text) => Object.assign(new Error(text), { status });

/** The address that the relay printed has the pairing code after #, where no server sees it; from then on the tab has it. */
export function codeInAddress() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    sessionStorage.setItem(CODE, code);
    history.replaceState(null, "", location.pathname);
  }
}

/** The phone that this tab was before. @returns {{mac: string, key: string} | null} */
export const known = () => JSON.parse(sessionStorage.getItem(PHONE) ?? "null");

/**
 * Makes this tab a new phone.
 * @param {string | null} code
 * @returns {Promise<{mac: string, key: string}>} rejects with the status of the answer, 0 if there is no code yet to ask with
 */
export async function pair(code = sessionStorage.getItem(CODE)) {
  if (!code) {
    throw refusal(0, "no pairing code yet");
  }
  const mac = newMac();
  const response = await fetch("./relay/enrol", { method: "POST", body: new URLSearchParams({ mac, code }) });
  const text = await response.text();
  if (!response.ok) {
    sessionStorage.removeItem(CODE);
    throw refusal(response.status, text);
  }
  sessionStorage.setItem(CODE, code);
  sessionStorage.setItem(PHONE, JSON.stringify({ mac, key: text }));
  return { mac, key: text };
}
