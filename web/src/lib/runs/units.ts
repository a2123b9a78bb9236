// Durations, tokens and money as people read them.

/** `850 ms`, `4.2 s`, `3 m 05 s`, `2 h 10 m`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000)
    return `${milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} m`;
}

/** `950`, `12.3k`, `4.1M`. */
export function compact(count: number, language: string): string {
  return new Intl.NumberFormat(language === 'zh' ? 'en' : language, {
    notation: 'compact',
    maximumFractionDigits: 1,
  }).format(count);
}

/**
 * Micro-units as an amount, with the mark of its currency (ISO 4217) where it is known; small amounts keep two digits
 * that say something.
 */
export function cost(microUnits: number, language: string, currency?: string): string {
  const amount = microUnits / 1_000_000;
  const options: Intl.NumberFormatOptions =
    Math.abs(amount) >= 1 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumSignificantDigits: 2 };
  return new Intl.NumberFormat(language, { ...money(currency), ...options }).format(amount);
}

/** As short as the lines of a scale need it: `$1.5K`. */
export function roundCost(microUnits: number, language: string, currency?: string): string {
  const amount = microUnits / 1_000_000;
  if (Math.abs(amount) < 1) return cost(microUnits, language, currency);
  return new Intl.NumberFormat(language === 'zh' ? 'en' : language, {
    ...money(currency),
    notation: 'compact',
    minimumFractionDigits: 0,
    maximumFractionDigits: 1,
  }).format(amount);
}

function money(currency?: string): Intl.NumberFormatOptions {
  return currency ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } : {};
}

/** Bytes as `1.4 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let amount = count;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 || amount >= 99.95 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
