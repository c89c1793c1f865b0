/** Whether a change that is asked for waits for a decision. Pure. */

/** The commands that ask for a change. */
const ASKING = new Set(['tenon.edit', 'tenon.fix', 'tenon.run']);

/**
 * A command's argument with the mode that the setting `tenon.review.mode` says, wherever the command comes from: ours, a
 * lens, an action. In Restricted Mode every change waits, whatever the configuration of the server says.
 */
export function withMode(command: string, argument: object | undefined, setting: string, isTrusted: boolean): object | undefined {
  const mode = isTrusted ? setting : 'review';
  const says = ASKING.has(command) && argument !== undefined && !Array.isArray(argument) && (mode === 'review' || mode === 'auto');
  return says ? { ...argument, mode } : argument;
}
