import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { setupDesk } from "../i18n";
import { CopyButton } from "./CopyLine";

setupDesk({ zh: {}, en: {} });

afterEach(() => vi.unstubAllGlobals());

function press() {
  render(<CopyButton text="abc" what="Link" />);
  fireEvent.click(screen.getByRole("button", { name: "Copy: Link" }));
}

it("says that it copied", async () => {
  const writeText = vi.fn(async () => {});
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  press();
  expect((await screen.findByText("Copied", { selector: "[role=status]" })).textContent).toBe("Copied");
  expect(writeText).toHaveBeenCalledWith("abc");
});

it("says so when the browser refuses", async () => {
  vi.stubGlobal("navigator", { clipboard: { writeText: () => Promise.reject(new Error("denied")) } });
  press();
  await screen.findByText("Not copied", { selector: "[role=status]" });
});

it("does not take the old command's refusal for success", async () => {
  vi.stubGlobal("navigator", {});
  document.execCommand = () => false;
  press();
  await screen.findByText("Not copied", { selector: "[role=status]" });
});
