// When something was said, in words. Formats are kept: making one takes longer than drawing a turn.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language, options);
    formats.set(key, found);
  }
  return found;
}

/** The moment that a time names; times of turns are in UTC and do not say so. */
export function momentOf(time: string): Date {
  return new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`);
}

/** `14:03` today, `28 Nov, 14:03` before. */
export function shortly(moment: Date, now: Date, language: string): string {
  const hours: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hour12: false };
  if (moment.toDateString() === now.toDateString()) return format(language, 'hours', hours).format(moment);
  return format(language, 'day', { month: 'short', day: 'numeric', ...hours }).format(moment);
}

/** All of it. */
export function wholly(moment: Date, language: string): string {
  return format(language, 'whole', { dateStyle: 'full', timeStyle: 'medium' }).format(moment);
}
