// Against real sockets: needs a browser and the server of CometJsTest.
import { Comet } from "../../comet.js";
import { equal, ok, test } from "./harness.js";
import { record, SESSION } from "./world.js";

const FAULTS = ["cut", "cutBetweenChunks", "cutUnnoticed", "closed", "reset", "resetInBody", "notHttp", "loginPage", "badGateway"];

function start(fault) {
  const base = `/faults/${fault}/${crypto.randomUUID()}`;
  const comet = Comet.adopt(base, SESSION, { transport: "poll", platform: { random: () => 0 } });
  return { base, comet, seen: record(comet) };
}

async function first(comet) {
  for await (const message of comet) return message;
}

for (const fault of FAULTS)
  test(`L2 realPoll_${fault}_recoversAndLosesNothing`, async () => {
    const { comet, seen } = start(fault);
    equal(await first(comet), { id: 11, name: "chat.said", contents: { text: "hello" } });
    ok(seen.named("comet.failure").length > 0, "a failure that the client saw");
    equal([comet.state, comet.lastMessageId], ["connected", 11]);
    comet.unsubscribe();
  });

test("L4 realPoll_unsubscribed_isAbortedOnTheWire", async () => {
  const { base, comet, seen } = start("none");
  await first(comet);
  await fetch(`${base}/held`);
  comet.unsubscribe();
  equal(await (await fetch(`${base}/released`)).json(), true);
  equal(seen.named("comet.failure"), []);
});
