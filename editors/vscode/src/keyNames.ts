/**
 * Names of API keys. A stored key reaches the server in its environment, under the name that the configuration's
 * `key_env` says, so a name must be one that only a key has: never one that decides what runs. Pure.
 */

const STEERS = /^(PATH|HOME|USER|SHELL|LANG|LC_.*|TMPDIR|TEMP|TMP|PWD|IFS|ENV|BASH_ENV|LD_.*|DYLD_.*|NODE_.*|ELECTRON_.*|VSCODE_.*|TENON_.*|RUST_.*|.*_PROXY|SSL_.*|PYTHON.*|PERL.*|GIT_.*|XDG_.*)$/i;

/** Why a name cannot be that of a key; nothing when it can. */
export function problem(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return 'The name of an environment variable: letters, digits and _, not beginning with a digit.';
  }
  return STEERS.test(name) ? `${name} is no name for a key: it steers how programs run.` : undefined;
}

/** The variables that `tenon config --json` says providers take their keys from. */
export function named(config: unknown): string[] {
  const values = (config as { values?: unknown } | null)?.values;
  const names = (Array.isArray(values) ? values : [])
    .filter((entry): entry is { key: string; value: string } =>
      typeof entry?.key === 'string' && /^providers\..+\.key_env$/.test(entry.key) && typeof entry.value === 'string')
    .map((entry) => entry.value)
    .filter((name) => problem(name) === undefined);
  return [...new Set(names)];
}

/** The environment of the server: this process's, what the settings say, and the stored keys. */
export function environment(
  own: Record<string, string | undefined>,
  settings: Record<string, string>,
  keys: ReadonlyMap<string, string>,
): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...own };
  for (const [name, value] of Object.entries(settings)) {
    if (value !== '') {
      env[name] = value;
    }
  }
  for (const [name, value] of keys) {
    if (problem(name) === undefined) {
      env[name] = value;
    }
  }
  return env;
}
