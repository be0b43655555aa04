// Checks comet.d.ts with the TypeScript compiler, which the server of CometJsTest has: needs a browser.
import { equal, ok, test } from "./harness.js";

export const MODULES = ["connection", "delivery", "error", "event-parser", "exchange", "message-iterator", "messages", "pending-requests", "polling", "received-batch", "session", "streaming", "tabs"];
const FILES = {
  ...Object.fromEntries(MODULES.map((name) => [`/src/comet/${name}.js`, `/comet/${name}.js`])),
  "/src/comet.d.ts": "/comet.d.ts",
  "/src/implementation.js": "/comet.js", // beside its types, which would hide it under its own name
  "/src/usage.ts": "/test/ts/usage.ts",
  "/src/misuse.ts": "/test/ts/misuse.ts",
  "/src/conformance.ts": "/test/ts/conformance.ts",
};

let checking;

/** Diagnostics of each file, as `line: text`; compiled once. */
async function diagnostics(name) {
  checking ??= check();
  return (await checking).get(name);
}

async function check() {
  const { default: ts } = { default: await compiler() };
  const texts = new Map();
  for (const [name, url] of Object.entries(FILES)) texts.set(name, read(url));
  const library = (name) => name.startsWith("/typescript/");
  const options = {
    strict: true, noEmit: true, allowJs: true, checkJs: true, skipDefaultLibCheck: true, allowImportingTsExtensions: true, types: [],
    exactOptionalPropertyTypes: false, noUnusedLocals: false,
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  };
  const host = {
    getSourceFile: (name, target) => {
      const text = library(name) ? read(name) : texts.get(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, target, true);
    },
    getDefaultLibFileName: () => "/typescript/lib.d.ts",
    getDefaultLibLocation: () => "/typescript",
    fileExists: (name) => library(name) || texts.has(name),
    readFile: (name) => texts.get(name),
    directoryExists: (name) => name === "/src" || name === "/src/comet",
    writeFile: () => {},
    getCurrentDirectory: () => "/src",
    getDirectories: () => [],
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  };
  const program = ts.createProgram(Object.keys(FILES), options, host);
  const found = new Map(Object.keys(FILES).map((name) => [name, []]));
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, " ");
    ok(file && found.has(file.fileName), `no diagnostic outside of the files: ${file?.fileName} ${text}`);
    found.get(file.fileName).push([file.getLineAndCharacterOfPosition(start).line + 1, text]);
  }
  return found;
}

/** At once, because the compiler asks so. */
function read(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.send();
  if (request.status !== 200) throw new Error(`${url}: HTTP ${request.status}`);
  return request.responseText;
}

function compiler() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/typescript/typescript.js";
    script.onload = () => resolve(globalThis.ts);
    script.onerror = () => reject(new Error("the compiler could not be loaded"));
    document.head.append(script);
  });
}

test("types usage_asMeant_isAccepted", async () => {
  equal(await diagnostics("/src/usage.ts"), []);
  equal(await diagnostics("/src/comet.d.ts"), []);
});

test("types usage_notAsMeant_isRefusedLineByLine", async () => {
  const refused = new Set((await diagnostics("/src/misuse.ts")).map(([line]) => line));
  const marked = read("/test/ts/misuse.ts").split("\n").flatMap((text, i) => (text.includes("// wrong") ? [i + 1] : []));
  ok(marked.length >= 8, "enough lines that are wrong");
  equal([...refused], marked);
});

test("types implementation_ofItsJsDoc_isConsistent", async () => {
  equal(await diagnostics("/src/implementation.js"), []);
  for (const name of MODULES) equal(await diagnostics(`/src/comet/${name}.js`), [], name);
});

test("types implementation_ofItsDeclaration_conforms", async () => {
  equal(await diagnostics("/src/conformance.ts"), []);
});
