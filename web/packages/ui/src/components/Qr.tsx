import { useMemo } from "react";
import { encode } from "uqr";

/** The code as one SVG path, dark on light, with the quiet zone that scanners want. */
export function Qr({ text, label, className }: { text: string; label: string; className?: string | undefined }) {
  const { path, size } = useMemo(() => {
    const code = encode(text, { ecc: "M", border: 2 });
    let drawn = "";
    code.data.forEach((row, y) => {
      row.forEach((dark, x) => {
        if (dark) drawn += `M${x} ${y}h1v1h-1z`;
      });
    });
    return { path: drawn, size: code.size };
  }, [text]);
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      className={className}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#f3efe6" />
      <path d={path} fill="#0a0c11" />
    </svg>
  );
}
