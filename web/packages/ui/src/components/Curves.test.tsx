import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { Curves, LaneMark, laneOf } from "./Curves";

const CURVE = {
  name: "loss",
  tone: "gold",
  look: "line" as const,
  spots: [
    [1, 4],
    [3, 2],
    [4, 2.5],
  ] as const,
};

function Read() {
  const [at, choose] = useState(4);
  return (
    <Curves label="Loss" curves={[CURVE]} until={8} x={String} y={String} reader={{ at, choose, said: `${at}` }} />
  );
}

it("draws from the left edge to what the budget is, and not beyond what has come", () => {
  const { container } = render(<Curves label="Loss" curves={[CURVE]} until={8} x={String} y={String} />);
  expect(screen.getByRole("img", { name: "Loss" })).toBeTruthy();
  const path = [...container.querySelectorAll("path")].at(-1)?.getAttribute("d");
  expect(path?.startsWith("M125 ")).toBe(true);
  expect(path).toMatch(/L500 [\d.]+$/);
});

it("is walked from step to step with the keys, and says where it is", () => {
  render(<Read />);
  const slider = screen.getByRole("slider", { name: "Loss" });
  expect(slider.getAttribute("aria-valuetext")).toBe("4");
  fireEvent.keyDown(slider, { key: "ArrowLeft" });
  expect(slider.getAttribute("aria-valuetext")).toBe("3");
  fireEvent.keyDown(slider, { key: "Home" });
  expect(slider.getAttribute("aria-valuetext")).toBe("1");
  fireEvent.keyDown(slider, { key: "Tab" });
  expect(slider.getAttribute("aria-valuetext")).toBe("1");
});

it("draws nothing wrong of a curve that has not begun", () => {
  const { container } = render(
    <Curves label="Loss" curves={[{ ...CURVE, spots: [] }]} until={60} x={String} y={String} />,
  );
  expect(container.innerHTML).not.toContain("NaN");
});

it("tells twelve lanes apart by line, colour or number", () => {
  const looks = Array.from({ length: 12 }, (_, index) => Object.values(laneOf(index)).join(" "));
  expect(new Set(looks).size).toBe(12);
  render(<LaneMark index={11} />);
  expect(screen.getByText("12")).toBeTruthy();
});
