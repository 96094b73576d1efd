import { ApiError } from "@gavel/api";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

const AGAIN_MS = 4_000;

export function retryable(error: unknown): boolean {
  return error instanceof ApiError && error.retryable;
}

/**
 * Errors are shown at once and tried again by themselves while the portal or the network is away.
 * A session that ended anywhere asks who is signed in, which brings the sign-in page.
 */
export function makeQueryClient(): QueryClient {
  const ended = (error: unknown) => {
    if (error instanceof ApiError && error.code === "auth.required") void client.invalidateQueries({ queryKey: ME });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: ended }),
    mutationCache: new MutationCache({ onError: ended }),
    defaultOptions: {
      queries: {
        retry: false,
        networkMode: "always",
        staleTime: 5_000,
        refetchInterval: (query) => (retryable(query.state.error) ? AGAIN_MS : false),
      },
      mutations: { networkMode: "always" },
    },
  });
  return client;
}

export const ME = ["me"];
