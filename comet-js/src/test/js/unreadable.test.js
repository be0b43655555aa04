import { connected } from "./clients.js";
import { equal, ok, test } from "./harness.js";
import { message } from "./world.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const raw = (id, contents) => `{"id":${id},"name":"chat.said","contents":${contents}}`;
const plain = (id) => JSON.stringify(message(id));
const gap = { from: 12, to: 12, reason: "unreadable" };

for (const [name, contents] of Object.entries({ notANumber: "NaN", quotesAndBrackets: '{"a":"}],{\\"","b":Infinity}', nothing: "" })) {
  test(`L10 M16 poll_unreadableMessage_${name}_isOneGap`, async () => {
    const { world, comet, seen } = await connected();
    await world.last.raw(`[${plain(11)},${raw(12, contents)} , ${plain(13)}]`, 200, JSON_TYPE);
    equal(seen.names(), ["11", "gap", "13", "success"]);
    equal(seen.named("comet.gap"), [gap]);
    equal([comet.lastMessageId, world.last.query.lastMessageId], [13, "13"]);
  });

  test(`L10 M16 stream_unreadableMessage_${name}_isOneGap`, async () => {
    const { world, comet, seen } = await connected({ transport: "stream" });
    await world.last.bytes([plain(11), raw(12, contents), plain(13)].map((data) => `data: ${data}\n\n`).join(""));
    equal(seen.named("comet.gap"), [gap]);
    equal([seen.ids(), comet.lastMessageId, comet.state], [[11, 13], 13, "connected"]);
  });
}

for (const [name, body] of Object.entries({
  cutInContents: "[" + raw(11, "NaN").slice(0, -1),
  cutBeforeTheEnd: "[" + raw(11, "NaN"),
  withoutAnId: '[{"name":"n","contents":NaN}]',
  ofTheProtocol: '[{"id":0,"name":"comet.timeout","contents":NaN}]',
  followedByMore: `[${plain(11)}] x`,
  noObject: "[NaN]",
}))
  test(`L2 poll_badJson_${name}_isAskedForAgain`, async () => {
    const { world, comet, seen } = await connected();
    await world.last.raw(body, 200, JSON_TYPE);
    const [{ error }] = seen.named("comet.failure");
    equal([error.code, comet.lastMessageId, seen.ids()], ["answer-invalid", 10, []]);
  });

for (const name of ["", " ", "comet.gap", "half \ud83d pair", "line\nfeed", "x".repeat(129), 7, undefined])
  test(`L10 M3 send_name_${JSON.stringify(name)?.slice(0, 12)}_isRefused`, async () => {
    const { world, comet } = await connected();
    const before = world.requests.length;
    for (const send of [() => comet.send(name, 1), () => comet.request(name, 1), () => comet.send([{ name: "ok", contents: 1 }, { name, contents: 1 }])]) {
      const error = await send().then(() => null, (thrown) => thrown);
      ok(error?.code === "parameters-invalid" && error.reason.startsWith("name "), `${error}`);
    }
    if (name !== "comet.gap") {
      let thrown;
      try { comet.on(name, () => {}); } catch (error) { thrown = error; }
      equal(thrown?.code, "parameters-invalid");
    }
    equal(world.requests.length, before);
  });
