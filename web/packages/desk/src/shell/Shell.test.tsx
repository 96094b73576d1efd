import { navigate } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, it } from "vitest";
import { setupDesk } from "../i18n";
import { ME } from "../query";
import { Shell } from "./Shell";

window.scrollTo = () => {};
setupDesk({ zh: {}, en: {} });
const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
queries.setQueryData(ME, null);

/** A key makes it a Shell of its own, as each page of the producer's desk has. */
const page = (name: string, content: ReactNode = name) => (
  <QueryClientProvider client={queries}>
    <Shell key={name} desk="producer">
      {content}
    </Shell>
  </QueryClientProvider>
);

it("puts the focus on a new page, not on the first one", () => {
  const { rerender } = render(page("list"));
  expect(document.activeElement).toBe(document.body);
  act(() => navigate("/episodes/7"));
  expect(document.activeElement).toBe(screen.getByRole("main"));
  act(() => (document.activeElement as HTMLElement).blur());
  act(() => {
    navigate("/");
    rerender(page("other list"));
  });
  expect(document.activeElement).toBe(screen.getByRole("main"));
});

it("keeps the focus in the page when its frame is replaced, and leaves it alone when it was elsewhere", () => {
  const { rerender } = render(page("loading", <button type="button">Press</button>));
  screen.getByText("Press").focus();
  rerender(page("loaded"));
  expect(document.activeElement).toBe(screen.getByRole("main"));
  (document.activeElement as HTMLElement).blur();
  rerender(page("reloaded"));
  expect(document.activeElement).toBe(document.body);
});
