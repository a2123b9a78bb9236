// Figures beside those of a bare page, and beside the limit that they have.
export interface Figure {
  what: string;
  unit: string;
  console: number;
  bare: number;
  limit: number;
}

const figures: Figure[] = [];

export function report(figure: Figure): void {
  figures.push(figure);
}

export function print(): void {
  const one = (value: number, unit: string) => `${value.toFixed(1)} ${unit}`.padStart(12);
  const line = ({ what, unit, console: ours, bare, limit }: Figure) =>
    `${what.padEnd(58)}${one(ours, unit)}${one(bare, unit)}${one(limit, unit)}  ${ours <= limit ? '' : 'above its limit'}`;
  const head = `${''.padEnd(58)}${'console'.padStart(12)}${'bare page'.padStart(12)}${'limit'.padStart(12)}`;
  process.stdout.write(`\n${[head, ...figures.map(line)].join('\n')}\n`);
}

export function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
