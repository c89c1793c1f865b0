/** The status item: what it says for a state of the server. Pure. */
import type { Status } from './protocol.ts';

export type Life = 'starting' | 'running' | 'stopped' | 'failed';

export interface Shown {
  text: string;
  tooltip: string;
  /** For screen readers: the text without its icons. */
  label: string;
  look: 'plain' | 'warning' | 'error';
}

export function shown(life: Life, status: Status | undefined, reason: string): Shown {
  if (life === 'failed') {
    return item('$(error) Tenon', 'Tenon does not run', reason, 'error');
  }
  if (life !== 'running' || status === undefined) {
    const word = life === 'stopped' ? 'stopped' : 'starting';
    return item(`$(circle-slash) Tenon`, `Tenon: ${word}`, reason, 'plain');
  }
  const tooltip = describe(status);
  const task = status.tasks[0];
  if (task) {
    const more = status.tasks.length > 1 ? ` +${status.tasks.length - 1}` : '';
    const progress = `${task.stage} ${task.percent} %${more}`;
    return item(`$(sync~spin) Tenon: ${progress}`, `Tenon works: ${progress}`, tooltip, 'plain');
  }
  const ill = troubles(status);
  const waiting = status.proposals.filter((proposal) => proposal.state === 'proposed');
  const pending = waiting.length > 0 ? ` $(git-pull-request) ${waiting.length}` : '';
  const label = waiting.length > 0 ? `Tenon: ${waiting.length} waiting for your decision` : 'Tenon: ready';
  return ill.length > 0
    ? item(`$(warning) Tenon${pending}`, `${label}; ${ill[0]}`, tooltip, 'warning')
    : item(`$(sparkle) Tenon${pending}`, label, tooltip, 'plain');
}

function item(text: string, label: string, tooltip: string, look: Shown['look']): Shown {
  return { text, label, tooltip: tooltip === '' ? label : `${label}\n\n${tooltip}`, look };
}

/** What is not as it should be, worst first. */
export function troubles(status: Status): string[] {
  const ill = (status.health ?? [])
    .filter(({ state }) => state === 'degraded' || state === 'failed')
    .map(({ component, state, reason }) => `${component} ${state}${reason ? `: ${reason}` : ''}`);
  const providers = status.providers
    .filter(({ health }) => health === 'failing' || health === 'resting')
    .map(({ name, health, resting_seconds: seconds, last_error: error }) => {
      const rest = health === 'resting' && seconds ? ` for ${seconds} s` : '';
      return `provider ${name} ${health}${rest}${error ? `: ${error.message}` : ''}`;
    });
  const lost = status.documents.filter((document) => document.desynchronised).length;
  return [...ill, ...providers, ...(lost > 0 ? [`${lost} documents out of step; close and reopen them`] : [])];
}

function describe(status: Status): string {
  const lines = [`Server ${status.version}`];
  if (status.trust && status.trust !== 'trusted') {
    lines.push('Workspace settings are not trusted');
  }
  for (const task of status.tasks) {
    lines.push(`${task.title ?? task.id}: ${task.stage} ${task.percent} %`);
  }
  lines.push(...troubles(status));
  const session = status.usage?.session;
  if (session && session.tokens > 0) {
    lines.push(`${session.tokens} tokens in this session`);
  }
  return lines.join('\n\n');
}
