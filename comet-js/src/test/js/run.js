// node src/test/js/run.js [part of a name]: the tests without a browser, for quick work. Three files need the browser of CometJsTest.
import { readdir } from "node:fs/promises";
import { outcome, tests } from "./harness.js";

const BROWSER_ONLY = ["faults.test.js", "size.test.js", "types.test.js"];
const here = new URL(".", import.meta.url);
const files = (await readdir(here)).filter((file) => file.endsWith(".test.js") && !BROWSER_ONLY.includes(file)).sort();
for (const file of files) await import(new URL(file, here).href);

const wanted = tests.filter(({ name }) => name.includes(process.argv[2] ?? ""));
let failed = 0;
for (const test of wanted) {
  const wrong = await outcome(test);
  if (wrong) {
    failed++;
    console.error(`FAILED ${test.name}\n${wrong}`);
  }
}
console.log(`${wanted.length - failed} passed, ${failed} failed; ${BROWSER_ONLY.join(", ")} run in the browser only`);
process.exitCode = failed || wanted.length === 0 ? 1 : 0;
