import { type RefObject, useEffect, useLayoutEffect, useState } from "react";

/** Type sizes of the answers on a 1080-line picture, in px. */
export const SIZES = [46, 41, 36, 32, 28, 25] as const;

function overflows(element: HTMLElement | null): boolean {
  return element !== null && element.scrollHeight > element.clientHeight + 1;
}

/**
 * One type size for both answers, so that neither side looks bigger: it starts large and steps
 * down when one of them no longer fits, never up again within a duel.
 */
export function useFit(boxes: RefObject<HTMLElement | null>[], duel: string, content: string): number {
  const [fit, setFit] = useState({ duel, step: 0 });
  const step = fit.duel === duel ? fit.step : 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when the text or the size changed
  useLayoutEffect(() => {
    if (step < SIZES.length - 1 && boxes.some((box) => overflows(box.current))) setFit({ duel, step: step + 1 });
    else for (const box of boxes) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [duel, content, step]);
  // A font that arrives late changes the measure.
  useEffect(() => {
    let current = true;
    void document.fonts?.ready.then(() => current && setFit((old) => ({ ...old })));
    return () => {
      current = false;
    };
  }, []);
  return SIZES[step] ?? SIZES[0];
}
