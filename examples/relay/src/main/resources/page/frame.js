// Frames as devices and the cloud send them: AA, length of the JSON (2 bytes), header (3 bytes), JSON, XOR of everything after AA.

const BEFORE_JSON = 6;

export const KINDS = { PHONE_HELLO: 2, COMMAND: 3, REPLY: 4, HEART: 5 };

/** @param {number} kind @param {object} json @returns {string} hexadecimal digits */
export function frame(kind, json) {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const bytes = new Uint8Array(BEFORE_JSON + text.length + 1);
  bytes.set([0xaa, text.length >> 8, text.length & 0xff, kind, 0, 0]);
  bytes.set(text, BEFORE_JSON);
  bytes[bytes.length - 1] = checksum(bytes);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

/** @param {string} hex @returns {{kind: number, json: any}} */
export function parse(hex) {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const length = (bytes[1] << 8) | bytes[2];
  if (bytes[0] !== 0xaa || bytes.length !== BEFORE_JSON + length + 1) throw new Error("bad frame: length");
  if (checksum(bytes) !== bytes[bytes.length - 1]) throw new Error("bad frame: checksum");
  return { kind: bytes[3], json: JSON.parse(new TextDecoder().decode(bytes.subarray(BEFORE_JSON, -1))) };
}

/** @param {Uint8Array} bytes */
const checksum = (bytes) => bytes.subarray(1, -1).reduce((sum, byte) => sum ^ byte, 0);
