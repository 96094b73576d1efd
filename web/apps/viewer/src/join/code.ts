export const CODE_LENGTH = 6;

/** No 0, O, 1, I: they look alike from the tenth row. */
const ALPHABET = /[2-9A-HJ-NP-Z]/;

export interface Typed {
  code: string;
  /** True when a character that no code contains was typed or pasted. */
  lookalike: boolean;
}

/**
 * What a person typed or pasted, as a code: upper case, blanks and dashes dropped, a pasted
 * join address understood.
 */
export function readCode(text: string): Typed {
  const address = /\/s\/([^/?#\s]+)/.exec(text);
  const letters = (address?.[1] ?? text)
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "");
  const code = [...letters]
    .filter((letter) => ALPHABET.test(letter))
    .join("")
    .slice(0, CODE_LENGTH);
  return { code, lookalike: /[01OI]/.test(letters) };
}
