// What people read when the server refuses something. The rules of the chat are told in its own words; what Comet says of its errors is
// for whoever runs the server, and is not shown.

/** What the chat said, such as "Dan is not here."; undefined if it was not the chat. Its refusals are sentences, Comet's have no full stop. */
export const told = ({ code, reason = "" }) => (code === "refused" && reason.endsWith(".") ? reason : undefined);

/** As it stands by itself: "a nickname has 1 to 24 letters." begins like a sentence. */
const sentence = (reason) => reason && reason.charAt(0).toUpperCase() + reason.slice(1);

/** Why this person is not let in. */
export function notLetIn(error, nickname) {
  if (error.code === "client-already-exists") {
    return `${nickname} is taken, or its owner closed the page a moment ago. Choose another nickname, or try again in a minute or two.`;
  }
  if (error.permanent) {
    return sentence(told(error)) ?? "The server does not let you in. Its log says why.";
  }
  return error.status ? "The server cannot let you in now. Try again in a moment." : "The server does not answer. Try again.";
}

/** Why this person is not in the room. */
export const notJoined = (error) =>
  sentence(told(error)) ?? (error.status ? "The server does not take you there now. Try again." : "The server does not answer. Try again.");

/** Why a message has not come back. */
export function notSent(error) {
  if (error.permanent && error.code !== "client-does-not-exist") {
    return `Not sent: ${told(error) ?? "the server did not take it."}`;
  }
  return error.status && !error.permanent ? "Perhaps not sent: the server is busy." : "Perhaps not sent: the connection was lost.";
}
