import { expect, it } from "vitest";
import { choose, dropped, glance, type Kind, NOTHING, namesOf, problemOf, without } from "./files";

const file = (name: string, size = 10) => new File([new Uint8Array(size)], name);
const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

/** Chosen one after the other: what is sent under which name. */
function chosen(kind: Kind, ...times: string[][]): Record<string, string> {
  const all = times.reduce(
    (before, names) =>
      choose(
        kind,
        before,
        names.map((name) => file(name)),
      ),
    NOTHING,
  );
  return Object.fromEntries(Object.entries(all.files).map(([name, { name: own }]) => [name, own]));
}

it("finds the two files among the others of a training folder", () => {
  const files = ["README.md", "other.json", CONFIG, WEIGHTS].map((n) => file(n));
  const found = choose("adapter", NOTHING, files);
  expect(Object.keys(found.files).sort()).toEqual([CONFIG, WEIGHTS]);
  expect(found.ignored).toEqual(["README.md", "other.json"]);
  expect(Object.keys(without(found, CONFIG).files)).toEqual([WEIGHTS]);
});

it("takes files under other names, and one after the other", () => {
  expect(chosen("adapter", ["v3.json"])).toEqual({ [CONFIG]: "v3.json" });
  expect(chosen("adapter", ["v3.json"], ["v3.safetensors"])).toEqual({
    [CONFIG]: "v3.json",
    [WEIGHTS]: "v3.safetensors",
  });
});

it("takes a data set under any name, in one form at a time", () => {
  expect(chosen("dataset", ["my-data.jsonl"])).toEqual({ "data.jsonl": "my-data.jsonl" });
  expect(chosen("dataset", ["my-data.jsonl"], ["mine.parquet"])).toEqual({ "data.parquet": "mine.parquet" });
  expect(chosen("dataset", ["mine.parquet"], ["notes.md"])).toEqual({ "data.parquet": "mine.parquet" });
  expect(namesOf("dataset", {})).toEqual(["data.jsonl"]);
});

it("takes a model whole or in shards, and asks for what is missing", () => {
  const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const index = "model.safetensors.index.json";
  expect(chosen("model", ["config.json", "tokenizer.json", "mine.safetensors"])).toEqual({
    "config.json": "config.json",
    "model.safetensors": "mine.safetensors",
  });
  const folder = chosen("model", ["config.json", index, second, "generation_config.json"]);
  expect(Object.keys(folder).sort()).toEqual(["config.json", second, index].sort());
  expect(namesOf("model", { [second]: file(second) })).toEqual(["config.json", index, first, second]);
  expect(Object.keys(chosen("model", ["config.json", "model.safetensors"], [first, second]))).not.toContain(
    "model.safetensors",
  );
  expect(namesOf("model", {})).toEqual(["config.json", "model.safetensors"]);
});

it("knows a pickle, unless the real weights lie beside it", () => {
  expect(choose("adapter", NOTHING, [file("adapter_model.bin")]).pickle).toBe(true);
  expect(choose("adapter", NOTHING, [file("optimizer.pt"), file(WEIGHTS)]).pickle).toBe(false);
});

it("sees before the upload what cannot pass", () => {
  expect(problemOf(file("a.safetensors", 11), 10)).toEqual({ code: "too_large", size: 11, limit: 10 });
  expect(problemOf(file("a.safetensors", 0), 10)).toEqual({ code: "empty" });
  expect(problemOf(file("a.safetensors", 10), 10)).toBeNull();
  expect(problemOf(file("a.safetensors", 9), 10, 8)).toEqual({ code: "other_size", expected: 8 });
  expect(problemOf(file("a.safetensors", 8), 10, 8)).toBeNull();
  expect(glance('{"r": 8}')).toEqual({ rank: 8 });
  expect(glance("{}")).toEqual({ rank: null });
  expect(glance("[1]")).toBe("not_json");
  expect(glance("PK")).toBe("not_json");
});

it("opens a folder to its end, however many files a browser gives at a time", async () => {
  const one = (name: string) => ({ isFile: true, file: (done: (found: File) => void) => done(file(name)) });
  const batches = [["checkpoint.json", "README.md"], ["adapter_model.safetensors"], []];
  const folder = {
    isDirectory: true,
    createReader: () => ({ readEntries: (done: (found: object[]) => void) => done((batches.shift() ?? []).map(one)) }),
  };
  const data = { items: [{ webkitGetAsEntry: () => folder }], files: [] } as unknown as DataTransfer;
  const names = (await dropped(data)).map(({ name }) => name);
  expect(names).toEqual(["checkpoint.json", "README.md", "adapter_model.safetensors"]);
});
