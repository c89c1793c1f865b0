/** Whole lines that are meant, while the text around them is typed in. Pure. */
import type { Range } from './protocol.ts';

/** Lines from zero, both inside. */
export interface Lines {
  first: number;
  last: number;
}

/** A change of a text: what stands in a range is replaced. */
export interface Change {
  range: Range;
  text: string;
}

/**
 * Where lines are after changes of their text, in the order in which an editor tells of them: each in the text before all
 * of them, none overlapping another. A change inside belongs to the lines; one that ends where they begin does
 * not.
 */
export function moved(lines: Lines, changes: readonly Change[]): Lines {
  const fromTheEnd = [...changes].sort((a, b) => b.range.start.line - a.range.start.line || b.range.start.character - a.range.start.character);
  return fromTheEnd.reduce(moveOnce, lines);
}

function moveOnce({ first, last }: Lines, { range: { start, end }, text }: Change): Lines {
  const more = text.split(/\r\n|\r|\n/).length - 1 - (end.line - start.line);
  const isBefore = end.line < first || (end.line === first && end.character === 0 && /[\r\n]$/.test(text));
  if (isBefore) {
    return { first: first + more, last: last + more };
  }
  if (start.line > last) {
    return { first, last };
  }
  return { first: Math.min(first, start.line), last: Math.max(Math.max(last, end.line) + more, start.line) };
}
