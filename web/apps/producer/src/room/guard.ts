const GUARD_MS = 500;

/**
 * Says which presses count. A second press within half a second is a slip of the finger, and so is
 * one just after the button has changed its meaning: it was meant for the old one.
 */
export class Guard {
  private last = Number.NEGATIVE_INFINITY;
  private meaning: string | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The button now means this. */
  means(meaning: string): void {
    if (this.meaning !== null && this.meaning !== meaning) this.last = this.now();
    this.meaning = meaning;
  }

  /** Whether this press counts. */
  press(): boolean {
    const now = this.now();
    if (now - this.last < GUARD_MS) return false;
    this.last = now;
    return true;
  }
}

const TYPING = "input, textarea, select, [contenteditable]";
const PRESSING = "button, a[href], summary, [role=button]";

/**
 * Space belongs to whatever one types in, to a button that the keyboard has reached, and to nobody
 * while a dialog is open. `clicked`: the focus is where the pointer was, which means nothing.
 */
export function isGo(event: KeyboardEvent, clicked = false): boolean {
  if (event.key !== " " || event.repeat || event.isComposing || event.defaultPrevented) return false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  if (document.querySelector("dialog[open]")) return false;
  const uses = clicked ? TYPING : `${TYPING}, ${PRESSING}`;
  return !(event.target instanceof HTMLElement && event.target.closest(uses));
}
