/** Going to a row of a tree. */
import * as vscode from 'vscode';

/** How often it is tried, and the pause between two times, in milliseconds. */
const ATTEMPTS = 10;
const PAUSE = 100;

/**
 * Selects a row and gives it the focus. A tree that is shown for the first time has no rows for a moment, and then the
 * editor refuses to go to one; so it is tried for a while. Without a row nothing happens.
 */
export async function revealed<T>(view: vscode.TreeView<T>, row: () => T | undefined, more: { expand?: number }): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const item = row();
    try {
      return item && (await view.reveal(item, { focus: true, select: true, ...more }));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
