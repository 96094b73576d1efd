import type { BaseModel } from "@gavel/api";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Model } from "./Model";

const node = (id: string, changes: Partial<BaseModel["nodes"][number]>) => ({
  id: `00000000-0000-7000-8000-000000${id}`,
  state: "ready",
  hardware_class: "gpu",
  digest: "a".repeat(64),
  as_pinned: true,
  fake: false,
  ...changes,
});
const model = (changes: Partial<BaseModel> = {}): BaseModel => ({
  id: "tiny",
  source: "hub",
  place: "some/tiny",
  revision: "0123456789abcdef0123456789abcdef01234567",
  digest: "a".repeat(64),
  bytes: 3 << 20,
  context: 2048,
  max_rank: 16,
  licence: "Apache License 2.0",
  licence_url: "https://www.apache.org/licenses/LICENSE-2.0",
  seasons: [],
  nodes: [],
  ...changes,
});

it("shows where a model is from and under which licence", () => {
  render(<Model model={model()} />);
  expect(screen.getByText(/some\/tiny/)).toBeTruthy();
  expect(screen.getByText("3 MiB")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Apache License 2.0" }).getAttribute("href")).toMatch(/^https:/);
  expect(screen.getByText(/gavel engine --base-model tiny/)).toBeTruthy();
});

it("tells a node with other weights from one with the pinned ones", () => {
  const nodes = [node("aaaaaa", {}), node("bbbbbb", { digest: "b".repeat(64), as_pinned: false })];
  render(<Model model={model({ nodes })} />);
  expect(screen.getByText(/Weights as pinned|与登记一致/)).toBeTruthy();
  expect(screen.getByText(/other weights than|与登记不同/)).toBeTruthy();
  expect(screen.getByRole("alert")).toBeTruthy();
});

it("raises no alarm over a rehearsal or a node that still prepares", () => {
  const nodes = [node("aaaaaa", { fake: true, as_pinned: null, digest: "f".repeat(64) }), node("bbbbbb", {})];
  render(<Model model={model({ nodes: [...nodes, node("cccccc", { digest: null, as_pinned: null })] })} />);
  expect(screen.queryByRole("alert")).toBeNull();
});
