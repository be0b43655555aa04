// From the text of answers to messages.

/** The id, the first of its fields, of a message that cannot be read. */
const ID = /^\s*\{\s*"id"\s*:\s*([1-9]\d{0,15})\s*,/;

/**
 * One message. One that cannot be read becomes the gap that stands for it, with its id.
 * @param {string} text
 */
export function parseMessage(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const id = Number(ID.exec(text)?.[1]);
    if (!Number.isSafeInteger(id) || split(`[${text}]`)?.length !== 1) throw cause;
    return { id, name: "comet.gap", contents: { from: id, to: id, reason: "unreadable" } };
  }
}

/**
 * An answer: all of its messages, or nothing if it is not whole.
 * @param {string} text
 */
export function parseMessages(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const parts = split(text);
    if (!parts) throw cause;
    return parts.map(parseMessage);
  }
}

/**
 * What stands between the commas of an array, whatever it is; undefined if the array does not end, or something follows it.
 * @param {string} text
 */
function split(text) {
  const array = text.trim();
  const parts = [];
  let depth = 0;
  let from = 1;
  let quoted = false;
  for (let i = 0; i < array.length; i++) {
    const c = array[i];
    if (quoted) {
      if (c === "\\") i++;
      else quoted = c !== '"';
      continue;
    }
    if (i === 0 && c !== "[") return;
    quoted = c === '"';
    if (c === "[" || c === "{") depth++;
    if (c === "]" || c === "}") depth--;
    if (depth > 1 || (depth && c !== ",")) continue;
    parts.push(array.slice(from, i));
    from = i + 1;
    if (!depth) return from === array.length ? parts : undefined;
  }
}
