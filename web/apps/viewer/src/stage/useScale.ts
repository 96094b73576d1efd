import { useEffect, useState } from "react";

export const WIDTH = 1920;
export const HEIGHT = 1080;

const fit = () => Math.min(window.innerWidth / WIDTH, window.innerHeight / HEIGHT);

/** The factor that fits the 16:9 picture into the window. */
export function useScale(): number {
  const [scale, setScale] = useState(fit);
  useEffect(() => {
    const update = () => setScale(fit());
    window.addEventListener("resize", update);
    return () => window.removeEventListener("resize", update);
  }, []);
  return scale;
}
