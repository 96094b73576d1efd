import { ApiError, api, type Submission } from "@gavel/api";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { append } from "./append";
import { type Doing, sendVersion } from "./sending";

vi.mock("./append");

const config = new File(["{}"], "v3.json");
const weights = new File(["12345678"], "v3.safetensors");
const files = { "adapter_config.json": config, "adapter_model.safetensors": weights };
const going = new AbortController().signal;

function announced(received: [config: number, weights: number]): Submission {
  const uploads = Object.entries(files).map(([name, file], index) => ({
    id: `u${index}`,
    name,
    size: file.size,
    sha256: "",
    received: received[index] as number,
  }));
  return { id: "s1", size_bytes: 10, uploads } as unknown as Submission;
}

function listener() {
  const steps: [Doing, number][] = [];
  return { steps, step: (doing: Doing, done: number) => void steps.push([doing, done]), announced: vi.fn() };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(append).mockReset();
});
afterEach(() => void vi.useRealTimers());

it("announces both files by the portal's names, then sends one after the other", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue(announced([0, 0]));
  vi.mocked(append).mockImplementation(async (_id, file, tell) => tell(file.size));
  const heard = listener();
  const made = await sendVersion("e1", "adapter", files, null, heard, going);
  expect(made.id).toBe("s1");
  expect(post.mock.calls[0]?.[1]).toMatchObject({
    params: { path: { entry_id: "e1" } },
    body: {
      artifact: "adapter",
      files: [
        { name: "adapter_config.json", size: 2 },
        { name: "adapter_model.safetensors", size: 8 },
      ],
    },
  });
  expect(vi.mocked(append).mock.calls.map(([id]) => id)).toEqual(["u0", "u1"]);
  expect(heard.announced).toHaveBeenCalledExactlyOnceWith(made);
  expect(heard.steps.slice(-2)).toEqual([
    ["sending", 2],
    ["arriving", 10],
  ]);
});

it("sends only what is missing, and counts what is there", async () => {
  vi.spyOn(api, "post").mockResolvedValue(announced([2, 5]));
  vi.mocked(append).mockImplementation(async (_id, _file, tell) => tell(6));
  const heard = listener();
  await sendVersion("e1", "adapter", files, null, heard, going);
  expect(vi.mocked(append).mock.calls.map(([id]) => id)).toEqual(["u1"]);
  expect(heard.steps.at(-1)).toEqual(["sending", 8]);
});

it("waits for the line and goes on by itself", async () => {
  const offline = new ApiError("network.offline", "", 0);
  vi.spyOn(api, "post")
    .mockRejectedValueOnce(offline)
    .mockResolvedValue(announced([2, 0]));
  vi.mocked(append)
    .mockImplementationOnce(async (_id, _file, tell) => {
      tell(4);
      throw offline;
    })
    .mockImplementation(async (_id, _file, tell) => tell(8));
  const heard = listener();
  const sent = sendVersion("e1", "adapter", files, null, heard, going);
  await vi.runAllTimersAsync();
  await sent;
  expect(heard.steps.filter(([doing]) => doing !== "hashing")).toEqual([
    ["waiting", 0],
    ["sending", 6],
    ["waiting", 6],
    ["arriving", 10],
  ]);
});

it("says of a file that changed on the disk that it did, instead of waiting for a line that is fine", async () => {
  vi.spyOn(api, "post").mockResolvedValue(announced([2, 0]));
  vi.mocked(append).mockRejectedValue(new ApiError("network.offline", "", 0));
  const gone = new File(["12345678"], "w");
  const slice = vi.spyOn(gone, "slice");
  const sent = sendVersion("e1", "adapter", { ...files, "adapter_model.safetensors": gone }, null, listener(), going);
  const refused = expect(sent).rejects.toMatchObject({ code: "upload.unreadable" });
  await vi.waitFor(() => expect(append).toHaveBeenCalled());
  slice.mockReturnValue({ arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) } as Blob);
  await vi.runAllTimersAsync();
  await refused;
});
