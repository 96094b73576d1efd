/** Fails when the audience's pages weigh more than their budget: 120 kB of JavaScript, gzip, all chunks together. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 120_000;
const assets = new URL("../dist/viewer/assets/", import.meta.url);
let total = 0;
for (const name of readdirSync(assets).filter((file) => file.endsWith(".js"))) {
  const size = gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${name}`);
}
console.log(`${String(total).padStart(8)}  of ${LIMIT} bytes`);
process.exit(total > LIMIT ? 1 : 0);
