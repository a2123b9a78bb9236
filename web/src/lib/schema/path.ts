// Paths of fields, written as the service writes them: `spec.tools[0].mcpServer`.

export type Path = readonly (string | number)[];

/** A path as text; empty for the whole. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text ? `${text}.${step}` : step;
  }, '');
}

/** The path that a text says. A name with a dot in it reads as two: the service writes both the same. */
export function parsePath(text: string): Path {
  const steps: (string | number)[] = [];
  for (const part of text.matchAll(/\[(\d+)\]|[^.[\]]+/g)) {
    steps.push(part[1] === undefined ? part[0] : Number(part[1]));
  }
  return steps;
}

/** Whether `path` is `start` or below it. */
export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((step, index) => path[index] === step);
}

export function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && startsWith(left, right);
}
