// Which entries of a list are selected, by place: clicks and keys as in a file manager. Pure; a folder of 100,000
// entries is a handful of ranges.

/** Places from `first` to `last`, both included; a list of them is sorted and does not overlap. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface Selection {
  readonly ranges: readonly Range[];
  /** Where a range that Shift makes begins. */
  readonly anchor: number;
  /** The entry that has the keyboard's focus. */
  readonly cursor: number;
}

export const NOTHING: Selection = { ranges: [], anchor: 0, cursor: 0 };

export interface Modifiers {
  /** Ctrl, or Command on a Mac. */
  readonly toggle: boolean;
  readonly extend: boolean;
}

export function isSelected(selection: Selection, place: number): boolean {
  return selection.ranges.some(({ first, last }) => first <= place && place <= last);
}

export function countOf(selection: Selection): number {
  return selection.ranges.reduce((count, { first, last }) => count + last - first + 1, 0);
}

/** Every selected place, in order; at most `most`. */
export function placesOf(selection: Selection, most = Number.POSITIVE_INFINITY): number[] {
  const places: number[] = [];
  for (const { first, last } of selection.ranges) {
    for (let place = first; place <= last && places.length < most; place += 1) places.push(place);
  }
  return places;
}

export function only(place: number): Selection {
  return { ranges: [{ first: place, last: place }], anchor: place, cursor: place };
}

export function all(count: number, cursor: number): Selection {
  return count === 0 ? NOTHING : { ranges: [{ first: 0, last: count - 1 }], anchor: 0, cursor };
}

/** A click, or the space bar. */
export function pick(selection: Selection, place: number, { toggle, extend }: Modifiers): Selection {
  if (extend) return extended(selection, place, toggle);
  if (!toggle) return only(place);
  const ranges = isSelected(selection, place)
    ? without(selection.ranges, place)
    : withRange(selection.ranges, place, place);
  return { ranges, anchor: place, cursor: place };
}

/** The cursor moves: alone with Ctrl, with a range from the anchor with Shift, else it selects where it comes to. */
export function move(selection: Selection, place: number, { toggle, extend }: Modifiers): Selection {
  if (extend) return extended(selection, place, false);
  return toggle ? { ...selection, cursor: place } : only(place);
}

function extended(selection: Selection, place: number, keep: boolean): Selection {
  const [first, last] = [Math.min(selection.anchor, place), Math.max(selection.anchor, place)];
  return { ranges: withRange(keep ? selection.ranges : [], first, last), anchor: selection.anchor, cursor: place };
}

function withRange(ranges: readonly Range[], first: number, last: number): Range[] {
  const apart = ranges.filter((range) => range.last < first - 1 || range.first > last + 1);
  const touching = ranges.filter((range) => !(range.last < first - 1 || range.first > last + 1));
  const joined = {
    first: Math.min(first, ...touching.map((range) => range.first)),
    last: Math.max(last, ...touching.map((range) => range.last)),
  };
  return [...apart, joined].sort((one, other) => one.first - other.first);
}

function without(ranges: readonly Range[], place: number): Range[] {
  return ranges.flatMap((range) => {
    if (place < range.first || place > range.last) return [range];
    const parts = [
      { first: range.first, last: place - 1 },
      { first: place + 1, last: range.last },
    ];
    return parts.filter(({ first, last }) => first <= last);
  });
}

/** Where a key leads in a list with so many entries, so many in a row, and so many rows on a screen; null: nowhere. */
export function placeOfKey(key: string, cursor: number, count: number, columns: number, rows: number): number | null {
  if (count === 0) return null;
  const steps: Record<string, number> = {
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: columns * rows,
    PageUp: -columns * rows,
    Home: -count,
    End: count,
    ...(columns > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
  };
  const step = steps[key];
  return step === undefined ? null : Math.min(count - 1, Math.max(0, cursor + step));
}
