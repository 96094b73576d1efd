import type { EngineNode } from "@gavel/api";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Uses } from "./Uses";

const use = (mode: EngineNode["uses"][number]["mode"], ...lacks: EngineNode["uses"][number]["lacks"]) => ({
  mode,
  lacks,
});
const node = (...uses: EngineNode["uses"]) => ({ uses }) as EngineNode;

it("names what an engine is used for, and why not for the rest", () => {
  render(
    <Uses
      node={node(
        use("practice"),
        use("benchmark"),
        use("preload", "exclusive"),
        use("duel", "exclusive", "restart"),
        use("speed", "exclusive", "restart"),
      )}
    />,
  );
  const terms = screen.getAllByRole("term");
  expect(terms).toHaveLength(2);
  const [able, unable] = screen.getAllByRole("definition").map((one) => one.textContent ?? "");
  // In the order of the page, whatever came first.
  expect(able).toMatch(/benchmarks, practice|跑分、练习/);
  expect(unable).toMatch(/duels, speed runs: .*alone.*anew|对决、测速：.*独占.*重启/);
  expect(screen.getAllByRole("definition")).toHaveLength(2);
});

it("says nothing while nobody knows", () => {
  const { container } = render(<Uses node={node()} />);
  expect(container.textContent).toBe("");
});
