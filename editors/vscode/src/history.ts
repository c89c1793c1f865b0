/** What was done, newest first, and how it is told. Pure. */
import { visible } from './edits.ts';
import type { Operation } from './protocol.ts';

/** How long ago a time in seconds was. */
export function age(at: number | undefined, nowMs: number): string {
  if (at === undefined) {
    return '';
  }
  const seconds = Math.max(0, Math.floor(nowMs / 1000 - at));
  const steps: [number, string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min']];
  for (const [size, unit] of steps) {
    if (seconds >= size) {
      return `${Math.floor(seconds / size)} ${unit} ago`;
    }
  }
  return 'just now';
}

/** The state in words for people. */
export function state(word: string): string {
  return word === 'interrupted' ? 'interrupted: neither as before nor as after' : visible(word.replaceAll('-', ' '));
}

export function description(operation: Operation, nowMs: number): string {
  return [state(operation.state), age(operation.at, nowMs), `${operation.files.length} ${operation.files.length === 1 ? 'file' : 'files'}`]
    .filter((part) => part !== '')
    .join(' · ');
}

export function tooltip(operation: Operation): string {
  const files = operation.files.map(({ path, change, to }) => `${change} ${visible(path)}${to ? ` → ${visible(to)}` : ''}`);
  const model = operation.model ? [`by ${visible(operation.model)}`] : [];
  return [`${operation.operation}: ${visible(operation.instruction ?? operation.title)}`, ...model, ...files].join('\n');
}
