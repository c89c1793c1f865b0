/** Pending changes as text: what a file would be, where a hunk is, how it is told in one line. Pure. */
import type { Edit, Hunk, Position, ProposedFile } from './protocol.ts';

/** The text with all edits made; they do not overlap. Characters are UTF-16 units, as in the editor. */
export function apply(text: string, edits: readonly Edit[]): string {
  const starts = lineStarts(text);
  const spans = edits.map((edit) => ({
    start: offset(text, starts, edit.range.start),
    end: offset(text, starts, edit.range.end),
    newText: edit.newText,
  }));
  // Of two at one place the one that is listed first comes first.
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  let out = '';
  let at = 0;
  for (const { start, end, newText } of spans) {
    out += text.slice(at, Math.max(at, start)) + newText;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}

/** Texts of a file before and after what is undecided; a created file has none before, a deleted one none after. */
export function beforeAndAfter(file: ProposedFile, live: string): { before: string; after: string } {
  if (file.change === 'deleted') {
    return { before: live, after: '' };
  }
  const edits = open(file).flatMap((hunk) => hunk.edits);
  const before = file.change === 'created' ? '' : live;
  return { before, after: apply(before, edits) };
}

/** The hunks that wait for a decision. */
export function open(file: ProposedFile): Hunk[] {
  return file.hunks.filter((hunk) => hunk.decision === 'proposed');
}

/** Lines that a hunk covers, from zero, both inside; the whole file where it is decided as a whole. */
export function lines(file: ProposedFile, hunk: Hunk): { first: number; last: number } | undefined {
  if (file.change !== 'modified') {
    return { first: 0, last: Number.MAX_SAFE_INTEGER };
  }
  if (hunk.place !== 'fits' || hunk.edits.length === 0) {
    return undefined;
  }
  const first = Math.min(...hunk.edits.map((edit) => edit.range.start.line));
  const last = Math.max(...hunk.edits.map((edit) => lastLine(edit)));
  return { first, last };
}

/** The end of whole lines is the start of the next, which is not touched. */
function lastLine({ range: { start, end } }: Edit): number {
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
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

/** What a hunk does, in a few words. */
export function summary(file: ProposedFile, hunk: Hunk): string {
  const n = (count: number) => `${count} ${count === 1 ? 'line' : 'lines'}`;
  switch (file.change) {
    case 'created':
      return `create with ${n(countLines(hunk.edits[0]?.newText ?? ''))}`;
    case 'deleted':
      return 'delete the file';
    case 'renamed':
      return `rename to ${file.to ?? '?'}`;
    case 'modified': {
      if (hunk.place === 'stale') {
        return 'no longer fits: the text changed here';
      }
      const removed = hunk.edits.reduce((sum, edit) => sum + removedLines(edit), 0);
      const added = hunk.edits.reduce((sum, edit) => sum + countLines(edit.newText), 0);
      if (removed === 0) {
        return `insert ${n(added)}`;
      }
      return added === 0 ? `remove ${n(removed)}` : `replace ${n(removed)} by ${added}`;
    }
  }
}

/** The first line with content of what comes in, shortened, for showing beside the text. */
export function gist(hunk: Hunk, room: number): string {
  const all = hunk.edits.map((edit) => edit.newText).join('');
  const lines = all.split(/\r?\n/).filter((line) => line.trim() !== '');
  const first = visible((lines[0] ?? '').trim());
  const more = lines.length > 1 ? `  (+${lines.length - 1})` : '';
  const characters = [...first];
  return (characters.length > room ? `${characters.slice(0, room - 1).join('')}…` : first) + more;
}

/** A hunk as the body of a diff block: lines out, lines in. */
export function asDiff(hunk: Hunk, textOf: (edit: Edit) => string): string {
  const marked = (mark: string, text: string) =>
    text === '' ? '' : `${text.replace(/\r?\n$/, '').split(/\r?\n/).map((line) => mark + visible(line)).join('\n')}\n`;
  return hunk.edits.map((edit) => marked('-', textOf(edit)) + marked('+', edit.newText)).join('');
}

/** Control characters and those that turn the direction of text are written out, not obeyed. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\t' || character === '\u200d' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

function removedLines({ range: { start, end } }: Edit): number {
  return start.line === end.line && start.character === end.character ? 0 : lastLine({ range: { start, end }, newText: '' }) - start.line + 1;
}

function countLines(text: string): number {
  return text === '' ? 0 : text.replace(/\r?\n$/, '').split(/\r?\n/).length;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) {
    starts.push(match.index + match[0].length);
  }
  return starts;
}

function offset(text: string, starts: readonly number[], { line, character }: Position): number {
  const start = starts[line];
  if (start === undefined) {
    return text.length;
  }
  return Math.min(start + character, starts[line + 1] ?? text.length);
}
