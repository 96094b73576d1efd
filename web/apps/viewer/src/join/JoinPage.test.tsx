import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import JoinPage from "./JoinPage";

beforeEach(() => history.replaceState(null, "", "/"));
afterEach(() => vi.unstubAllGlobals());

const field = () => screen.getByLabelText<HTMLInputElement>("Six-character code");
const type = (value: string) => fireEvent.change(field(), { target: { value } });

it("enters by itself with the sixth character", async () => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ code: "K7M4QX" })));
  render(<JoinPage />);
  type("k7m4qx");
  await waitFor(() => expect(location.pathname).toBe("/s/K7M4QX"));
});

it("says which code is wrong and lets it be mended", async () => {
  const body = { error: { code: "join.unknown_code", message: "", detail: {} } };
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), { status: 404 }));
  render(<JoinPage />);
  fireEvent.paste(field(), { clipboardData: { getData: () => " K7M-4QZ " } });
  await screen.findByText(/no show with the code K7M4QZ/);
  expect(field().getAttribute("aria-invalid")).toBe("true");
  type("K7M4Q");
  expect(field().getAttribute("aria-invalid")).toBe("false");
});

it("names the characters that no code has", () => {
  render(<JoinPage />);
  type("K7O");
  expect(field().value).toBe("K7");
  expect(screen.getByRole("status").textContent).toContain("0, O, 1 or I");
});
