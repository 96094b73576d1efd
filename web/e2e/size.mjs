/** Fails when one of the audience's pages weighs more than its budget: 120 kB of JavaScript, gzip, all that it loads. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 120_000;
const dist = new URL("../dist/viewer/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const sizes = new Map();

function size(chunk) {
  if (!sizes.has(chunk))
    sizes.set(chunk, gzipSync(readFileSync(new URL(manifest[chunk].file, dist)), { level: 9 }).length);
  return sizes.get(chunk);
}

/** The chunk and all that it imports before it can run. */
function loads(chunk, found = new Set()) {
  if (found.has(chunk)) return found;
  found.add(chunk);
  for (const other of manifest[chunk].imports ?? []) loads(other, found);
  return found;
}

const entries = Object.keys(manifest).filter((chunk) => manifest[chunk].isEntry);
const pages = Object.keys(manifest).filter((chunk) => manifest[chunk].isDynamicEntry);
let heaviest = 0;
for (const page of [...entries, ...pages]) {
  const chunks = loads(page);
  for (const entry of entries) loads(entry, chunks);
  const total = [...chunks].reduce((sum, chunk) => sum + size(chunk), 0);
  heaviest = Math.max(heaviest, total);
  console.log(`${String(total).padStart(8)}  ${page}`);
}
console.log(`${String(heaviest).padStart(8)}  of ${LIMIT} bytes`);
process.exit(entries.length === 0 || heaviest > LIMIT ? 1 : 0);
