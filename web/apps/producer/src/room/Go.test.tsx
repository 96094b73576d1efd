import { createEvent, fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Go } from "./Go";

it("is pressed once by a key that is held", () => {
  render(
    <Go
      next={{ step: "reveal", command: { type: "reveal" }, why: null }}
      seconds={60}
      version={1}
      busy={false}
      closesAt={null}
      serverNow={Date.now}
      onGo={() => undefined}
    />,
  );
  const go = screen.getByRole("button");
  const down = createEvent.keyDown(go, { key: "Enter" });
  fireEvent(go, down);
  // Not prevented: the browser turns it into the click.
  expect(down.defaultPrevented).toBe(false);
  const held = createEvent.keyDown(go, { key: "Enter", repeat: true });
  fireEvent(go, held);
  expect(held.defaultPrevented).toBe(true);
});
