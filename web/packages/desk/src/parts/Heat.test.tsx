import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { setupDesk } from "../i18n";
import { Heat, peakOf, shareOf } from "./Heat";

setupDesk({ zh: {}, en: {} });

const VALUES = [
  [0.1, 0.4, null],
  [0.2, 0.9, 0.5],
];

function show() {
  return render(
    <Heat
      label="Change"
      modules={["q_proj", "v_proj"]}
      values={VALUES}
      max={1}
      mark={0.5}
      none="no change"
      format={(value) => value.toFixed(2)}
    />,
  );
}

it("is a table with every number in words", () => {
  show();
  const rows = screen.getAllByRole("row").map((row) => row.textContent);
  expect(rows.slice(1)).toEqual(["q_proj0.100.40no change", "v_proj0.200.900.50"]);
  expect(screen.getByRole("columnheader", { name: "Layer 2" })).toBeTruthy();
});

it("has one stop for the Tab key, at the largest number, and is walked with the arrow keys to its edges", () => {
  show();
  const stops = () => screen.getAllByRole("cell").filter((cell) => cell.tabIndex === 0);
  expect(stops().map((cell) => cell.textContent)).toEqual(["0.90"]);
  stops()[0]?.focus();
  const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });
  press("ArrowUp");
  press("ArrowUp");
  expect(document.activeElement?.textContent).toBe("0.40");
  press("End");
  expect(document.activeElement?.textContent).toBe("no change");
  press("ArrowRight");
  press("ArrowDown");
  expect(document.activeElement?.textContent).toBe("0.50");
  expect(stops()).toEqual([document.activeElement]);
});

it("says the number under the pointer", () => {
  const { container } = show();
  fireEvent.pointerEnter(screen.getByText("0.20").closest("td") as Element);
  expect(container.querySelector("p")?.textContent).toBe("v_projLayer 00.20");
});

it("tells the numbers that reach the mark by shape, not by colour alone", () => {
  show();
  const marked = screen.getAllByRole("cell").filter((cell) => cell.dataset.marked);
  expect(marked.map((cell) => cell.textContent)).toEqual(["0.90", "0.50"]);
});

it("begins the ramp at 0, whatever comes", () => {
  expect(shareOf(0.5, 2)).toBe("25%");
  expect(shareOf(-0.3, 1)).toBe("0%");
  expect(shareOf(3, 1)).toBe("100%");
  expect(shareOf(0, 0)).toBe("0%");
  expect(peakOf([[null, null]])).toEqual({ row: 0, column: 0 });
});
