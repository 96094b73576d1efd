import { ApiError, api } from "@gavel/api";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import Slip from "./Slip";
import Vouch from "./Vouch";

let ways: { seat: boolean; mail: boolean };
let refuse: ApiError | null;
const done = vi.fn();

beforeEach(() => {
  ways = { seat: true, mail: true };
  refuse = null;
  done.mockReset();
  vi.restoreAllMocks();
  vi.spyOn(api, "get").mockImplementation((async () => ways) as never);
  vi.spyOn(api, "post").mockImplementation((async (path: string) => {
    if (refuse && path !== "/api/device") throw refuse;
    return {};
  }) as never);
});

const sent = (path: string) => vi.mocked(api.post).mock.calls.find(([to]) => to === path)?.[1] as { body?: unknown };
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

it("leads whoever was refused to the forms, and goes on when a seat code is taken", async () => {
  render(<Vouch episode="e" needed={2} onDone={done} />);
  expect(document.activeElement?.textContent).toBe("This vote asks who you are");
  await screen.findByLabelText("Seat code");
  refuse = new ApiError("seat.used", "", 409);
  type("Seat code", "K7M-4QX-9PA");
  press("Use this code");
  expect((await screen.findByRole("alert")).textContent).toContain("Another phone votes with this code");
  expect(screen.getByLabelText("Seat code").getAttribute("aria-invalid")).toBe("true");
  expect(done).not.toHaveBeenCalled();
  refuse = null;
  press("Use this code");
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
  expect(sent("/api/episodes/{episode_id}/vouchers/seat").body).toEqual({ code: "K7M-4QX-9PA" });
});

it("asks for the six digits once the e-mail is sent", async () => {
  ways = { seat: false, mail: true };
  render(<Vouch episode="f" needed={2} onDone={done} />);
  await screen.findByLabelText("E-mail address");
  expect(screen.queryByLabelText("Seat code")).toBeNull();
  type("E-mail address", "ada@example.org");
  press("Send me a code");
  await screen.findByLabelText("Six digits from the e-mail");
  expect(screen.getByText(/Sent to ada@example.org/)).toBeTruthy();
  expect(sent("/api/episodes/{episode_id}/vouchers/mail").body).toEqual({ address: "ada@example.org", language: "en" });
  type("Six digits from the e-mail", "123456");
  press("Confirm");
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
});

it("says what is left where a code does not help, or there is none", async () => {
  ways = { seat: false, mail: false };
  render(<Vouch episode="g" needed={2} onDone={done} />);
  await screen.findByText(/There are no seat codes/);
  expect(screen.getByRole("link", { name: "Sign in" })).toBeTruthy();
  cleanup();
  ways = { seat: true, mail: true };
  render(<Vouch episode="h" needed={3} onDone={done} />);
  await screen.findByText(/Only people who are signed in/);
  expect(screen.queryByLabelText("Seat code")).toBeNull();
});

it("fills in the code of a scanned slip, and drops it from the address once it is used", async () => {
  history.replaceState(null, "", "/s/K7M4QX#seat=K7M4QX9PA");
  render(<Slip episode="e" code="K7M4QX9PA" />);
  expect(screen.getByLabelText<HTMLInputElement>("Seat code").value).toBe("K7M-4QX-9PA");
  press("Use this code");
  expect((await screen.findByRole("status")).textContent).toContain("This phone may vote");
  expect(location.hash).toBe("");
});
