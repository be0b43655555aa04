// What applications hand in, checked.

import { CometError } from "./error.js";
import { PLATFORM } from "./exchange.js";

/** @typedef {import("../comet.d.ts").CometSession} Session */
/** @typedef {import("../comet.d.ts").CometOptions} CometOptions */

/** As the protocol defines it. What is no token would make fetch fail for ever, with the token in its error. */
const TOKEN = /^[A-Za-z0-9\-._~+/=]{1,256}$/;

/** @param {any} session @returns {Session} */
export function checked(session) {
  const { publicToken, privateToken, displayName, connectionTimeoutSeconds, lastMessageId = 0 } = session ?? {};
  /** @param {string} name @param {unknown} value @param {string} rule */
  const refuse = (name, value, rule) => new CometError("parameters-invalid", `${name} is ${value}; ${rule}`);
  if (typeof publicToken !== "string" || publicToken === "") throw refuse("publicToken", publicToken, "use the one that the server gave");
  if (privateToken != null && !(typeof privateToken === "string" && TOKEN.test(privateToken)))
    throw refuse("privateToken", "not shown", "use the one that the server gave, or leave it out if it is in a cookie");
  if (!(connectionTimeoutSeconds > 0)) throw refuse("connectionTimeoutSeconds", connectionTimeoutSeconds, "use the server's, above 0");
  if (!Number.isSafeInteger(lastMessageId) || lastMessageId < 0) throw refuse("lastMessageId", lastMessageId, "use 0 or a message's id");
  return { publicToken, privateToken: privateToken ?? undefined, displayName, connectionTimeoutSeconds, lastMessageId };
}

/** @param {unknown} transport */
export function checkedTransport(transport) {
  if (!["auto", "stream", "poll"].includes(/** @type {any} */ (transport)))
    throw new CometError("parameters-invalid", `transport is ${transport}; use "auto", "stream" or "poll"`);
}

/** @param {CometOptions} options */
export function checkedOptions({ platform, transport = "auto", hold, bufferLimit = 1000, timeoutMillis = 30_000, ...rest }) {
  checkedTransport(transport);
  for (const [name, value] of Object.entries({ hold, bufferLimit, timeoutMillis }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new CometError("parameters-invalid", `${name} is ${value}; use a whole number from 1, or leave it out`);
  return { ...rest, platform: { ...PLATFORM, ...platform }, transport, hold, bufferLimit, timeoutMillis };
}

/**
 * The server's rule for the names of messages.
 * @param {unknown} name
 * @param {boolean} [handled]  whether it may be the protocol's own: handlers are told of those
 * @returns {any}
 */
export function checkedName(name, handled = false) {
  const fault =
    typeof name !== "string" ? `is ${name}; use a text`
    : name.trim() === "" ? "is blank; use 1 to 128 characters"
    : name.length > 128 ? `has ${name.length} characters; use 1 to 128`
    : /\p{Cc}/u.test(name) ? "has control characters; use none"
    : /\p{Cs}/u.test(name) ? "has half a surrogate pair; use whole characters"
    : !handled && name.startsWith("comet.") ? `is "${name}"; names that begin with "comet." are the library's own, choose another`
    : "";
  if (fault) throw new CometError("parameters-invalid", `name ${fault}`);
  return name;
}

/** @param {string} url */
export const withoutSlash = (url) => url.replace(/\/+$/, "");
