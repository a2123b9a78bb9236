// How long a failed request rests before it is sent again.

/** Half a second: a service that restarts is back in about that time. */
const FIRST = 500;

/** Nobody likes to watch a page that does nothing for longer. */
const LONGEST = 15_000;

/** Milliseconds to rest after so many failures in a row; spread by a quarter, so that chunks do not come all at once. */
export function backOff(failures: number, random: number): number {
  const delay = Math.min(LONGEST, FIRST * 2 ** (failures - 1));
  return Math.round(delay * (0.75 + random / 2));
}
