// The vertical scale of a plot: round numbers from 0 to above the greatest value.

/** At most so many parts; 4 lines can be read at a glance. */
const PARTS = 4;

/** The values at which a line is drawn; the last one is the plot's top. */
export function ticksOf(greatest: number): number[] {
  if (!(greatest > 0)) return [0, 1];
  const rough = greatest / PARTS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999_999) ?? 10) * power;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Which of so many labels of a width are shown so that they do not touch: every nth, counted from the last. */
export function labelled(count: number, width: number, labelWidth: number): (index: number) => boolean {
  const every = Math.max(1, Math.ceil((count * labelWidth) / Math.max(1, width)));
  return (index) => (count - 1 - index) % every === 0;
}
