// What a tool was given and gave, read as JSON where it is JSON.

/** Longer texts are shown as they are: reading and drawing them would stop the page. */
const LONGEST_JSON = 400_000;

/** An object or a list; `undefined` for everything else, also for JSON that is not whole. */
export function structureOf(text: string): object | undefined {
  const first = text.trimStart().charAt(0);
  if ((first !== '{' && first !== '[') || text.length > LONGEST_JSON) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Arguments in a line, for the head of a card. */
export function summaryOf(input: string): string {
  const value = structureOf(input);
  if (value === undefined) return input.slice(0, 200);
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== '');
  const [only] = entries;
  if (only && entries.length === 1 && typeof only[1] === 'string') return oneLine(only[1]);
  return entries.map(([name, item]) => `${name}: ${oneLine(item)}`).join(', ');
}

function oneLine(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.slice(0, 200).replace(/\s+/g, ' ').trim();
  return text.length > 200 ? `${line}…` : line;
}

/** The arguments that a person edited, or what is wrong with them. */
export function argumentsOf(text: string): { given: Record<string, unknown> } | { flaw: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { given: value as Record<string, unknown> };
    }
    return { flaw: '{ … }' };
  } catch (thrown) {
    return { flaw: (thrown as Error).message };
  }
}
