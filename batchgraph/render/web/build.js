// Builds report.min.js of src/ and the libraries; with --check, says whether the one that is there is the same.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { build } from "esbuild";

const TARGET = "report.min.js";
const LIBRARIES = ["sigma", "@sigma/edge-curve", "graphology", "graphology-utils", "events"];
const LICENCES = "THIRD_PARTY_LICENCES.txt";

function licences() {
  return LIBRARIES.map((name) => {
    const folder = `node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    return `${name} ${version} (${license})\n\n${licenceText(folder)}\n`;
  }).join(`\n${"-".repeat(76)}\n\n`);
}

function licenceText(folder) {
  for (const file of ["LICENSE.txt", "LICENSE", "LICENSE.md"]) {
    try {
      return readFileSync(`${folder}/${file}`, "utf8").replace(/\r/g, "").trim();
    } catch {
      // The next name.
    }
  }
  throw new Error(`${folder} has no licence text`);
}

const notices = licences();
const bundle = await build({
  entryPoints: ["src/main.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none", // all of them stand in the banner, whole
  banner: { js: `/*!\n${notices}*/` },
  write: false,
});
const made = { [TARGET]: bundle.outputFiles[0].text, [LICENCES]: notices };

if (process.argv.includes("--check")) {
  const changed = Object.keys(made).filter((name) => readFileSync(name, "utf8") !== made[name]);
  if (changed.length) {
    console.error(`not what a build gives: ${changed.join(", ")}; run npm run build`);
    process.exit(1);
  }
} else {
  for (const [name, text] of Object.entries(made)) writeFileSync(name, text);
}
