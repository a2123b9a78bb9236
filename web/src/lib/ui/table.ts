// The columns of a DataTable, and the order of its rows.
export interface Column<Row> {
  id: string;
  label: string;
  /** The label is read but not seen. */
  hideLabel?: boolean;
  /** A track of a CSS grid: `120px`, `minmax(120px, 2fr)`. */
  width?: string;
  align?: 'start' | 'end';
  mono?: boolean;
  sortable?: boolean;
  /** Left out where the screen is narrow: the caller gives other columns then. */
  wide?: boolean;
  /** What the cell says. */
  text?: (row: Row) => string;
  /** What it is sorted by; its text where absent. */
  value?: (row: Row) => string | number;
  /** Rendered by the `cell` snippet. */
  custom?: boolean;
}

export interface Sort {
  column: string;
  descending: boolean;
}

/** The rows in the order of a column; texts as people sort them, with numbers in them by size. */
export function sorted<Row>(rows: Row[], columns: Column<Row>[], sort: Sort | null): Row[] {
  const column = columns.find((candidate) => candidate.id === sort?.column);
  const value = column?.value ?? column?.text;
  if (!sort || !value) return rows;
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  const direction = sort.descending ? -1 : 1;
  return rows
    .map((row) => [value(row), row] as const)
    .sort(([a], [b]) => direction * (typeof a === 'number' && typeof b === 'number' ? a - b : words.compare(String(a), String(b))))
    .map(([, row]) => row);
}
