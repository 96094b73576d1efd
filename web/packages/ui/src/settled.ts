import { useEffect, useState } from "react";

const PATIENCE_MS = 2_000;

/** The value, but a hiccup that mends itself is not shown: away from `calm` only with patience, back at once. */
export function useSettled<T>(value: T, calm: T): T {
  const [shown, setShown] = useState(calm);
  useEffect(() => {
    const timer = setTimeout(() => setShown(value), value === calm ? 0 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [value, calm]);
  return value === calm ? calm : shown;
}
