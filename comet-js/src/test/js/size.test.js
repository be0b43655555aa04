// How large the client is for a page that bundles it. Needs the browser and the server of CometJsTest, which has the minifier.
import { ok, test } from "./harness.js";
import { MODULES } from "./types.test.js";

const BUDGET_BYTES = 9_216;

test("size minifiedAndCompressed_isWithinTheBudget", async () => {
  const sources = await Promise.all([...MODULES.map((name) => `comet/${name}.js`), "comet.js"].map(async (file) => (await fetch(`/${file}`)).text()));
  // One scope, as a bundler makes it: no name may be taken twice.
  const bundle = sources.map((text) => text.replace(/^import .*;$/gm, "").replace(/^export \{.*\};$/gm, "").replace(/^export /gm, "")).join("\n");
  await new Promise((resolve, reject) => document.head.append(Object.assign(document.createElement("script"), { src: "/terser/bundle.min.js", onload: resolve, onerror: reject })));
  const { code } = await globalThis.Terser.minify(`${bundle}\nexport { Comet, CometError };`, { module: true, ecma: 2022, compress: { passes: 2 } });
  const compressed = await new Response(new Blob([code]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  ok(compressed.byteLength <= BUDGET_BYTES, `at most ${BUDGET_BYTES} bytes, not ${compressed.byteLength} (${code.length} before compression)`);
  ok(compressed.byteLength > 5_000, `all of the client in ${compressed.byteLength} bytes`);
});
