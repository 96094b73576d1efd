import { useEffect, useEffectEvent } from "react";
import { isGo } from "./guard";

/**
 * The space bar as GO, anywhere on the page. A control that the keyboard brought into focus keeps
 * its space; one that was merely clicked a moment ago does not, or GO would stay dead after each click.
 */
export function useSpace(press: () => void): void {
  const go = useEffectEvent(press);
  useEffect(() => {
    let clicked = false;
    let taken = false;
    const pointer = () => {
      clicked = true;
    };
    const down = (event: KeyboardEvent) => {
      if (event.key === "Tab") clicked = false;
      if (!isGo(event, clicked)) return;
      event.preventDefault();
      taken = true;
      // Browsers draw a focus ring at the first key; it would promise that the space went there.
      if (clicked && document.activeElement instanceof HTMLElement) document.activeElement.blur();
      go();
    };
    // Firefox clicks a button when the key comes up.
    const up = (event: KeyboardEvent) => {
      if (event.key !== " " || !taken) return;
      event.preventDefault();
      taken = false;
    };
    window.addEventListener("pointerdown", pointer);
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    return () => {
      window.removeEventListener("pointerdown", pointer);
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
    };
  }, []);
}
