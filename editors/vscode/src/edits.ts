/** Pending changes for people: which are open, where one is, how it is told in one line. Pure. */
import type { Hunk, ProposedFile, Range } from './protocol.ts';

/** The hunks that wait for a decision. */
export function open(file: ProposedFile): Hunk[] {
  return file.hunks.filter((hunk) => hunk.decision === 'proposed');
}

/** Lines that a hunk covers, from zero, both inside; the whole file where it is decided as a whole. */
export function lines(file: ProposedFile, { range }: Hunk): { first: number; last: number } | undefined {
  if (file.change !== 'modify') {
    return { first: 0, last: Number.MAX_SAFE_INTEGER };
  }
  return range ? { first: range.start.line, last: lastLine(range) } : undefined;
}

/** The end of whole lines is the start of the next, which is not touched. */
export function lastLine({ start, end }: Range): number {
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
}

/** Whether lines only come in. */
export function isInsertion({ start, end }: Range): boolean {
  return start.line === end.line && start.character === end.character;
}

/** The open hunk at a line, or right before it, where a line that only comes in stands between two. */
export function hunkAt(file: ProposedFile, line: number): Hunk | undefined {
  const placed = open(file).flatMap((hunk) => {
    const span = lines(file, hunk);
    return span ? [{ hunk, ...span }] : [];
  });
  const inside = placed.find(({ first, last }) => first <= line && line <= last);
  return (inside ?? placed.find(({ first }) => first === line + 1))?.hunk;
}

/** The open hunk at a line of the text with all of them, as the right side of a comparison has it. */
export function hunkAtAfter(file: ProposedFile, line: number): Hunk | undefined {
  if (file.change !== 'modify') {
    return open(file)[0];
  }
  const placed = open(file).flatMap((hunk) => (hunk.range && hunk.stale === null ? [{ hunk, start: hunk.range.start.line }] : []));
  placed.sort((a, b) => a.start - b.start);
  let more = 0;
  for (const { hunk, start } of placed) {
    const [removed, added] = [countLines(hunk.before ?? ''), countLines(hunk.after ?? '')];
    const first = start + more;
    // What only goes has no line of its own; it is found at the one that comes up.
    if (first <= line && line < first + Math.max(added, 1)) {
      return hunk;
    }
    more += added - removed;
  }
  return undefined;
}

/** What a hunk does, in a few words. */
export function summary(file: ProposedFile, hunk: Hunk): string {
  const n = (count: number) => `${count} ${count === 1 ? 'line' : 'lines'}`;
  if (hunk.stale !== null) {
    return `no longer fits: ${visible(hunk.stale)}`;
  }
  switch (file.change) {
    case 'create':
      return 'create the file';
    case 'delete':
      return 'delete the file';
    case 'rename':
      return `rename to ${visible(file.to ?? '?')}`;
    case 'modify': {
      const [removed, added] = [countLines(hunk.before ?? ''), countLines(hunk.after ?? '')];
      if (removed === 0) {
        return `insert ${n(added)}`;
      }
      return added === 0 ? `remove ${n(removed)}` : `replace ${n(removed)} by ${added}`;
    }
  }
}

/** The first line with content of what comes in, shortened, for showing beside the text. */
export function gist({ after = '' }: Hunk, room: number): string {
  const lines = after.split(/\r?\n/).filter((line) => line.trim() !== '');
  const characters = [...visible((lines[0] ?? '').trim())];
  const more = lines.length > 1 ? `  (+${lines.length - 1})` : '';
  return (characters.length > room ? `${characters.slice(0, room - 1).join('')}…` : characters.join('')) + more;
}

/** A hunk as the body of a diff block: lines out, lines in. */
export function asDiff({ before, after = '' }: Hunk): string {
  const marked = (mark: string, text: string) =>
    text === '' ? '' : `${text.replace(/\r?\n$/, '').split(/\r?\n/).map((line) => mark + visible(line)).join('\n')}\n`;
  return marked('-', before ?? '') + marked('+', after);
}

/** Control characters and those that turn the direction of text are written out, not obeyed. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\t' || character === '\u200d' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

function countLines(text: string): number {
  return text === '' ? 0 : text.replace(/\r?\n$/, '').split(/\r?\n/).length;
}
