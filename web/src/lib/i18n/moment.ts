// When something was, in words. Formats are kept: making one takes longer than drawing a turn.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language, { hourCycle: 'h23', ...options });
    formats.set(key, found);
  }
  return found;
}

/** The moment that a time names; times of turns and revisions are in UTC and do not say so. */
export function momentOf(time: string): Date {
  return new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`);
}

/** `14:03` today, `Nov 28, 14:03` before. */
export function shortly(moment: Date, now: Date, language: string): string {
  return isOf(now, moment) ? format(language, 'hours', HOURS).format(moment) : day(moment, now, language);
}

/** As a list shows it, to be told apart from what is beside it: `14:03:22` today, else as `shortly`. */
export function listed(moment: Date, now: Date, language: string): string {
  const seconds: Intl.DateTimeFormatOptions = { ...HOURS, second: '2-digit' };
  return isOf(now, moment) ? format(language, 'seconds', seconds).format(moment) : day(moment, now, language);
}

/** All of it. */
export function wholly(moment: Date, language: string): string {
  return format(language, 'whole', { dateStyle: 'full', timeStyle: 'medium' }).format(moment);
}

const HOURS: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };

/** `Nov 28, 14:03` this year, else with the year. */
function day(moment: Date, now: Date, language: string): string {
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', ...HOURS };
  if (moment.getFullYear() === now.getFullYear()) return format(language, 'day', options).format(moment);
  return format(language, 'year', { year: 'numeric', ...options }).format(moment);
}

function isOf(now: Date, moment: Date): boolean {
  return moment.toDateString() === now.toDateString();
}
