// What people read when something went wrong. What the server says of its errors is for whoever runs it, not for the page.

const OUTCOMES = {
  "client-does-not-exist": "the gateway is offline",
  "timed-out": "no reply in time",
  refused: "the gateway did not do it",
  "limit-reached": "the relay is busy; try again",
  "queue-full": "the gateway is busy; try again",
};

/** Why a command came to nothing. @param {{code?: string}} error */
export const outcome = ({ code = "" }) => OUTCOMES[code] ?? "the relay could not pass it on";

/** In the place of a status: the relay knew this phone, and does so no more. */
export const UNKNOWN_PHONE = -1;

const PAIRINGS = {
  [UNKNOWN_PHONE]: "The relay was started anew and does not know this phone. Pair it again.",
  0: "", // there was no code yet to ask with
  401: "Wrong pairing code: use the one that the relay printed.",
  429: "Too many phones want to be paired. Try again in a moment.",
};

/** Why this phone is not let in. @param {{status?: number}} error */
export const problem = ({ status }) =>
  PAIRINGS[status] ?? (status ? "The relay does not let this phone in now. Its log says why." : "The relay does not answer. Try again.");
