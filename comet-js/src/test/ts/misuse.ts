// Each line that is marked must be refused by the compiler, and no other.
import { Comet, CometError } from "./comet.js";

export async function misuse(comet: Comet): Promise<void> {
  new Comet(); // wrong
  await Comet.connect(); // wrong
  await Comet.connect("/comet", {}, { reconnect: async () => ({}) }); // wrong
  Comet.adopt("/comet", { publicToken: "p" }); // wrong
  Comet.adopt("/comet", { publicToken: "p", connectionTimeoutSeconds: 25 }, { reconnect: true }); // wrong
  Comet.adopt("/comet", { publicToken: "p", connectionTimeoutSeconds: 25 }, { hold: "20" }); // wrong
  comet.on("comet.gap", ({ contents }) => contents.since); // wrong
  comet.on("comet.failure", ({ contents }) => contents.retryInMillis); // wrong
  comet.on<{ text: string }>("chat.said", ({ contents }) => contents.txet); // wrong
  comet.on("chat.said"); // wrong
  comet.state = "closed"; // wrong
  if (comet.state === "open") return; // wrong
  comet.privateToken; // wrong
  comet.send([{ contents: 1 }]); // wrong
  for (const m of comet) m; // wrong
  new CometError("a", "b").code = "c"; // wrong
}
