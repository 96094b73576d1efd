/**
 * The gavel. Gold on any ground; `title` only where it stands alone as a name.
 * A page may turn `[data-part="gavel"]` about 49px 52px, the end of the handle, to let it fall.
 */
export function Mark({
  size = 52,
  title,
  className,
}: {
  size?: number;
  title?: string;
  className?: string | undefined;
}) {
  return (
    <svg
      viewBox="0 0 64 64"
      width={size}
      height={size}
      className={className}
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
      fill="var(--gold)"
    >
      <g data-part="gavel">
        <g transform="rotate(-40 24 24)">
          <rect x="8" y="15" width="34" height="18" rx="2" />
          <rect x="3.5" y="12.5" width="8" height="23" rx="3.2" />
          <rect x="38.5" y="12.5" width="8" height="23" rx="3.2" />
          <rect x="22" y="33" width="6" height="29" rx="3" opacity=".78" />
        </g>
      </g>
      <rect x="5" y="55" width="28" height="6" rx="3" opacity=".5" />
    </svg>
  );
}
