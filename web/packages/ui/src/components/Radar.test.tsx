import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { point, Radar } from "./Radar";

const near = ([x, y]: [number, number]) => [Math.round(x), Math.round(y)];
const corners = (...values: number[]) => values.map((at) => ({ at }));

it("puts the first axis at the top and goes round with the clock", () => {
  expect(near(point(0, 4, 1))).toEqual([0, -100]);
  expect(near(point(1, 4, 0.5))).toEqual([50, 0]);
  expect(near(point(2, 4, 0))).toEqual([0, 0]);
});

it("keeps what lies outside of the scale on its rim", () => {
  const shapes = [{ name: "mine", tone: "red", look: "disc" as const, corners: corners(-0.4, 1.7, 0.5) }];
  const { container } = render(<Radar label="profile" axes={["a", "b", "c"]} shapes={shapes} />);
  const [middle, rim] = container.querySelectorAll("circle");
  expect([middle?.getAttribute("cx"), middle?.getAttribute("cy")].map(Number).map(Math.abs)).toEqual([0, 0]);
  expect(Math.hypot(Number(rim?.getAttribute("cx")), Number(rim?.getAttribute("cy")))).toBeCloseTo(100);
});

it("draws an error bar where there is one, along its spoke", () => {
  const shapes = [
    {
      name: "mine",
      tone: "red",
      look: "disc" as const,
      corners: [{ at: 0.5, lo: 0.25, hi: 0.75 }, ...corners(0.5, 0.5)],
    },
  ];
  const { container } = render(<Radar label="profile" axes={["a", "b", "c"]} shapes={shapes} />);
  const bars = [...container.querySelectorAll("path")].filter((path) => path.getAttribute("class")?.includes("error"));
  expect(bars).toHaveLength(1);
  expect(bars[0]?.getAttribute("d")).toMatch(/^M\S+ -25L\S+ -75M/);
});

it("names few axes and numbers many", () => {
  const axes = Array.from({ length: 12 }, (_, index) => `task ${index + 1}`);
  const { rerender } = render(<Radar label="profile" axes={axes.slice(0, 4)} shapes={[]} />);
  expect(screen.getByText("task 3")).toBeTruthy();
  rerender(<Radar label="profile" axes={axes} shapes={[]} />);
  expect(screen.queryByText("task 3")).toBeNull();
  expect(screen.getByText("12")).toBeTruthy();
  expect(screen.getByRole("img", { name: "profile" })).toBeTruthy();
});
