import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { setupDesk } from "../i18n";
import { ME } from "../query";
import { Connection } from "./Connection";

setupDesk({ zh: {}, en: {} });

it("asks who is signed in when a channel is refused, and only then", () => {
  const queries = new QueryClient();
  queries.setQueryData(ME, { display_name: "Ann" });
  const at = (status: "live" | "offline" | "denied") => (
    <QueryClientProvider client={queries}>
      <Connection status={status} />
    </QueryClientProvider>
  );
  const { rerender } = render(at("live"));
  rerender(at("offline"));
  expect(queries.getQueryState(ME)?.isInvalidated).toBe(false);
  rerender(at("denied"));
  expect(queries.getQueryState(ME)?.isInvalidated).toBe(true);
});
