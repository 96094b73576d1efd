import { act, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { LiveClient, type SocketEvents } from "./client";
import { LiveContext, useChannel } from "./react";

function Show() {
  const { state, status } = useChannel<{ n: number }>("stage:1");
  return (
    <p>
      {status} {state?.n ?? "–"}
    </p>
  );
}

it("renders a channel as it moves", () => {
  let events: SocketEvents | undefined;
  const client = new LiveClient({
    connect: (given) => {
      events = given;
      return { send: () => {}, reconnect: () => {}, close: () => {} };
    },
    poll: async () => ({ epoch: "e", seq: 0, state: {} }),
  });
  render(
    <LiveContext value={client}>
      <Show />
    </LiveContext>,
  );
  expect(screen.getByText("connecting –")).toBeTruthy();
  act(() => events?.open());
  act(() => events?.message(JSON.stringify([{ t: "snap", ch: "stage:1", ep: "e", seq: 1, d: { n: 1 } }])));
  expect(screen.getByText("live 1")).toBeTruthy();
  act(() => events?.message(JSON.stringify([{ t: "patch", ch: "stage:1", ep: "e", seq: 2, d: { set: { n: 2 } } }])));
  expect(screen.getByText("live 2")).toBeTruthy();
});
