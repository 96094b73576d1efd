import { ApiError } from "@gavel/api";
import { useCallback, useEffect, useState } from "react";

const AGAIN_MS = 4_000;

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  retry: () => void;
}

/**
 * Load once, and again by itself while the portal or the network is away: nobody should have to
 * press anything when the hall's network comes back. `key` names what is loaded.
 */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [result, setResult] = useState<{ key: string; data: T | null; error: unknown }>({
    key,
    data: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is a fresh function in each render; `key` stands for it
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    load().then(
      (data) => current && setResult({ key, data, error: null }),
      (error: unknown) => {
        if (!current) return;
        setResult({ key, data: null, error });
        if (error instanceof ApiError && error.retryable) timer = setTimeout(() => setRound((n) => n + 1), AGAIN_MS);
      },
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [key, round]);
  const retry = useCallback(() => setRound((n) => n + 1), []);
  return result.key === key ? { data: result.data, error: result.error, retry } : { data: null, error: null, retry };
}
