import { EventParser } from "../../comet/event-parser.js";
import { equal, failure, test } from "./harness.js";
import { dice } from "./model.js";

const bytes = (text) => new TextEncoder().encode(text);
const whole = (text) => new EventParser().push(bytes(text));
const event = (data, id = "", name = "message") => ({ id, name, data });

/** What comes of the bytes if they are cut at these places. */
function pieces(all, cuts) {
  const parser = new EventParser();
  const ends = [...cuts, all.length];
  return ends.flatMap((end, i) => parser.push(all.subarray(i ? ends[i - 1] : 0, end)));
}

const TEXT =
  "\uFEFF: a comment\r\n\r\nid: 1\ndata: {\"a\":1}\n\nid:2\rdata:no space\rdata: two lines\r\rdata\n\nevent: x\r\ndata: é漢\u{1F600}\r\n\r\n" +
  ":\n\nid: 3\n\ndata:  two spaces\n\nretry: 7\nunknown: y\nid: a\0b\ndata: last\n\n";
const EVENTS = [
  event('{"a":1}', "1"), event("no space\ntwo lines", "2"), event("", "2"), event("é漢\u{1F600}", "2", "x"), event(" two spaces", "3"), event("last", "3"),
];

test("L6 parser_everythingOfTheFormat_isUnderstood", () => equal(whole(TEXT), EVENTS));

test("L6 parser_everyCutInTwo_makesNoDifference", () => {
  const all = bytes(TEXT);
  for (let cut = 0; cut <= all.length; cut++) equal(pieces(all, [cut]), EVENTS, `events, cut at ${cut},`);
});

test("L6 parser_everyCutInThree_makesNoDifference", () => {
  const all = bytes(TEXT);
  for (let a = 0; a <= all.length; a++) for (let b = a; b <= Math.min(a + 4, all.length); b++) equal(pieces(all, [a, b]), EVENTS, `events, cut at ${a} and ${b},`);
});

test("L6 parser_byteByByte_makesNoDifference", () => {
  const all = bytes(TEXT);
  equal(pieces(all, [...all.keys()]), EVENTS);
});

test("L6 parser_everyKindOfLineEnd_makesNoDifference", () => {
  const lines = ["id: 7", "data: one", "data: two", "", "data: three", ""];
  for (const end of ["\n", "\r", "\r\n"]) {
    const all = bytes(lines.map((line) => line + end).join(""));
    for (let cut = 0; cut <= all.length; cut++) equal(pieces(all, [cut]), [event("one\ntwo", "7"), event("three", "7")], JSON.stringify(end));
  }
});

test("L6 parser_random_isWhatTheWholeIs", () => {
  const random = dice(7);
  const words = ["data", "id", "event", ":", " ", "\n", "\r", "\r\n", "\n\n", "x", "é", "\u{1F600}", "\uFEFF", "\0"];
  for (let i = 0; i < 2_000; i++) {
    const all = bytes(Array.from({ length: random.below(30) }, () => random.pick(words)).join(""));
    const cuts = Array.from({ length: random.below(6) }, () => random.below(all.length + 1)).sort((a, b) => a - b);
    equal(pieces(all, cuts), pieces(all, []), JSON.stringify(new TextDecoder().decode(all)));
  }
});

test("L6 parser_eventThatIsCut_isNone", () => equal(whole("data: a\n\ndata: b\n"), [event("a")]));

test("H3 parser_endlessLine_isGivenUp", async () => {
  const parser = new EventParser();
  const piece = bytes("x".repeat(1 << 20));
  equal((await failure(() => { for (let i = 0; i < 40; i++) parser.push(piece); })).code, "answer-invalid");
});
