import { ApiError, api } from "@gavel/api";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import SignedIn from "./SignedIn";
import Slip from "./Slip";
import Vouch from "./Vouch";

let ways: { seat: boolean; mail: boolean; oidc: string | null };
let refuse: ApiError | null;
const done = vi.fn();

beforeEach(() => {
  ways = { seat: true, mail: true, oidc: null };
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
  ways = { seat: false, mail: true, oidc: null };
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

it("has a field for a code that may have come, whatever became of asking for it", async () => {
  ways = { seat: false, mail: true, oidc: null };
  for (const [episode, refusal, words] of [
    ["soon", new ApiError("mail.too_soon", "", 429, { again_seconds: 42 }), /A code was sent a moment ago/],
    ["lost", new ApiError("network.offline", "", 0), /No connection/],
  ] as const) {
    render(<Vouch episode={episode} needed={2} onDone={done} />);
    await screen.findByLabelText("E-mail address");
    type("E-mail address", "ada@example.org");
    refuse = refusal;
    press("Send me a code");
    await screen.findByLabelText("Six digits from the e-mail");
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByText(/Sent to/)).toBeNull();
    cleanup();
  }
  render(<Vouch episode="sure" needed={2} onDone={done} />);
  await screen.findByLabelText("E-mail address");
  type("E-mail address", "ada@example.org");
  refuse = new ApiError("mail.not_configured", "", 409);
  press("Send me a code");
  await screen.findByRole("alert");
  press("I have a code");
  expect(screen.getByLabelText("Six digits from the e-mail")).toBeTruthy();
});

it("still has the field after the phone has dropped the page, until a code was taken", async () => {
  ways = { seat: false, mail: true, oidc: null };
  const view = () => render(<Vouch episode="dropped" needed={2} onDone={done} />);
  view();
  await screen.findByLabelText("E-mail address");
  type("E-mail address", "ada@example.org");
  press("Send me a code");
  await screen.findByLabelText("Six digits from the e-mail");
  cleanup();
  view();
  await screen.findByLabelText("Six digits from the e-mail");
  type("Six digits from the e-mail", "123456");
  press("Confirm");
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
  cleanup();
  view();
  await screen.findByLabelText("E-mail address");
});

it("says what is left where a code does not help, or there is none", async () => {
  ways = { seat: false, mail: false, oidc: null };
  render(<Vouch episode="g" needed={2} onDone={done} />);
  await screen.findByText(/There is no way open/);
  cleanup();
  ways = { seat: true, mail: true, oidc: null };
  render(<Vouch episode="h" needed={3} onDone={done} />);
  await screen.findByText(/There is no way open/);
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

it("goes to the provider, which a vote may ask for and nothing else", async () => {
  ways = { seat: true, mail: true, oidc: "Example ID" };
  const assign = vi.fn();
  vi.stubGlobal("location", { search: "", assign });
  render(<Vouch episode="i" needed={3} onDone={done} />);
  await screen.findByText(/asks that Example ID says who you are/);
  expect(screen.queryByLabelText("Seat code")).toBeNull();
  expect(screen.queryByRole("link")).toBeNull();
  refuse = new ApiError("oidc.unreachable", "", 503);
  press("Sign in with Example ID");
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
  refuse = null;
  vi.mocked(api.post).mockImplementation((async () => ({ url: "https://id.example.org/authorize" })) as never);
  press("Sign in with Example ID");
  await waitFor(() => expect(assign).toHaveBeenCalledWith("https://id.example.org/authorize"));
  vi.unstubAllGlobals();
});

it("says what came of signing in, and does so once", () => {
  history.replaceState(null, "", "/s/K7M4QX?c=hall#signin=done");
  render(<SignedIn said="done" />);
  expect(screen.getByRole("status").textContent).toContain("Choose once more");
  expect(location.pathname + location.search + location.hash).toBe("/s/K7M4QX?c=hall");
  for (const [said, words] of [
    ["oidc.used", "One person is one voter"],
    ["rundown.not_now", "The show is over"],
    ["something.else", "does not prove who you are"],
  ] as const) {
    cleanup();
    render(<SignedIn said={said} />);
    expect(screen.getByRole("alert").textContent).toContain(words);
  }
});
