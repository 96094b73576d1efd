import { expect, it } from "vitest";
import { choose, dropped, glance, NOTHING, problemOf } from "./files";

const file = (name: string, size = 10) => new File([new Uint8Array(size)], name);

it("finds the two files among the others of a training folder", () => {
  const files = ["README.md", "other.json", "adapter_config.json", "adapter_model.safetensors"].map((n) => file(n));
  const chosen = choose(NOTHING, files);
  expect(chosen.config?.name).toBe("adapter_config.json");
  expect(chosen.weights?.name).toBe("adapter_model.safetensors");
  expect(chosen.ignored).toEqual(["README.md", "other.json"]);
});

it("takes files under other names, and one after the other", () => {
  const first = choose(NOTHING, [file("v3.json")]);
  expect(first).toMatchObject({ weights: null, ignored: [] });
  const both = choose(first, [file("v3.safetensors")]);
  expect([both.config?.name, both.weights?.name]).toEqual(["v3.json", "v3.safetensors"]);
});

it("knows a pickle, unless the real weights lie beside it", () => {
  expect(choose(NOTHING, [file("adapter_model.bin")]).pickle).toBe(true);
  expect(choose(NOTHING, [file("optimizer.pt"), file("adapter_model.safetensors")]).pickle).toBe(false);
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
