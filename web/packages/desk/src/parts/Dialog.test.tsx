import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { setupDesk } from "../i18n";
import { Confirm } from "./Dialog";

setupDesk({ zh: {}, en: {} });

/** The test's DOM has no modal dialogs; this much of them matters here. */
const closed = vi.fn();
beforeEach(() => {
  closed.mockReset();
  HTMLDialogElement.prototype.showModal = function show() {
    this.open = true;
    this.querySelector("button")?.focus();
  };
  HTMLDialogElement.prototype.close = function close() {
    closed({ inPage: this.isConnected });
    this.open = false;
  };
});

function ask() {
  return render(
    <Confirm title="Sure?" action="Do it" onConfirm={() => {}} onClose={() => {}}>
      Really
    </Confirm>,
  );
}

it("puts the focus on the safe answer", () => {
  ask();
  expect(document.activeElement).toBe(screen.getByText("Cancel"));
});

it("closes while it is still in the page, so that the focus returns to where it was", () => {
  ask().unmount();
  expect(closed).toHaveBeenCalledExactlyOnceWith({ inPage: true });
});
