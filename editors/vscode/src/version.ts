/** Whether a server and this extension fit together. Pure. */

export interface Version {
  major: number;
  minor: number;
  patch: number;
}

/** Reads `tenon 0.1.0`, `0.1.0` or `0.1.0-dev`. */
export function parse(text: string): Version | undefined {
  const match = /(?:^|\s)v?(\d+)\.(\d+)\.(\d+)/.exec(text.trim());
  return match ? { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) } : undefined;
}

/**
 * The same major version, and before 1.0 the same minor one too, is one protocol. A server may be newer than the
 * extension within that, and also older: commands that it lacks are then refused by it, with a reason.
 */
export function fit(extension: Version, server: Version): boolean {
  return extension.major === server.major && (extension.major > 0 || extension.minor === server.minor);
}

/** The versions of servers that fit, for people. */
export function wanted(extension: Version): string {
  return extension.major > 0 ? `${extension.major}.x` : `0.${extension.minor}.x`;
}
