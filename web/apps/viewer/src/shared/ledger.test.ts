// @vitest-environment node
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { holds, rootOf } from "./ledger";

// The reference vectors of RFC 6962 / 9162 implementations: eight entries and their tree heads.
const ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const leaves = ENTRIES.map((entry) =>
  createHash("sha256")
    .update(Buffer.from(`00${entry}`, "hex"))
    .digest("hex"),
);

it.each(ROOTS.map((root, index) => [index + 1, root] as const))("the tree head of %i entries", async (size, root) => {
  expect(await rootOf(leaves.slice(0, size))).toBe(root);
});

it("has a tree head for nothing", async () => {
  expect(await rootOf([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

it("finds a receipt in the ledger that was shown, and only there", async () => {
  const root = ROOTS[4] as string;
  const book = (of: string[]) => of.map((leaf) => ({ leaf }));
  const ledger = { root, size: 5, votes: book(leaves.slice(0, 5)) };
  const receipt = { leaf: leaves[2] as string };
  expect(await holds(receipt, ledger, root)).toBe(true);
  expect(await holds({ leaf: leaves[6] as string }, ledger, root)).toBe(false);
  expect(await holds(receipt, ledger, ROOTS[5] as string)).toBe(false);
  expect(await holds(receipt, { ...ledger, votes: book([...leaves.slice(0, 4), leaves[6] as string]) }, root)).toBe(
    false,
  );
  expect(await holds(receipt, { ...ledger, size: 6 }, root)).toBe(false);
});
