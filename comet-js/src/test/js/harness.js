// As much of a test runner as these tests need. The same modules run in Chromium (CometJsTest) and under Node (run.js).

/** @type {{name: string, run: () => unknown}[]} */
export const tests = [];

/** Names read `operation_condition_outcome`, after the id of the behaviour. */
export function test(name, run) {
  tests.push({ name, run });
}

/** Runs one test; gives null, or what went wrong. The limit only tells a promise that never settles from one that is slow. */
export async function outcome({ run }, limitMillis = 20_000) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMillis} ms`)), limitMillis);
  });
  try {
    await Promise.race([run(), limit]);
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.stack}` : String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Deep, regardless of the order of keys; shows both sides as JSON. */
export function equal(actual, expected, what = "values") {
  const [a, e] = [actual, expected].map((value) => JSON.stringify(value, sorted));
  if (a !== e) throw new Error(`${what} differ\n  actual   ${a}\n  expected ${e}`);
}

export function ok(condition, what) {
  if (!condition) throw new Error(`expected: ${what}`);
}

/** The CometError that a promise or a function fails with. */
export async function failure(attempt) {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure, there was none");
}

function sorted(_, value) {
  if (value === undefined) return "undefined";
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
