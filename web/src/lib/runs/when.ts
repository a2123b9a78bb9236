// Moments as a list shows them: short for what is of today, with the day for what is older.

/** `14:03:22` today, `Nov 27, 14:03` this year, else with the year. */
export function when(time: string, now: number, language: string): string {
  const moment = new Date(time);
  const today = new Date(now);
  if (moment.toDateString() === today.toDateString()) {
    return moment.toLocaleTimeString(language, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    });
  }
  const year = moment.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  const options: Intl.DateTimeFormatOptions = {
    year,
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  };
  return moment.toLocaleString(language, options);
}

/** All of it, for a tooltip. */
export function precisely(time: string, language: string): string {
  return new Date(time).toLocaleString(language, { dateStyle: 'full', timeStyle: 'medium' });
}
