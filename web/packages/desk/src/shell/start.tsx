import "@gavel/ui/base.css";
import "../desk.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueryClient } from "../query";
import { startTheme } from "../theme";
import { Boundary } from "./Boundary";

/** Put a desk on the page. Its `i18n` must have been started before. */
export function start(app: ReactNode): void {
  startTheme();
  createRoot(document.getElementById("root") as HTMLElement).render(
    <StrictMode>
      <QueryClientProvider client={makeQueryClient()}>
        <Boundary>{app}</Boundary>
      </QueryClientProvider>
    </StrictMode>,
  );
}
