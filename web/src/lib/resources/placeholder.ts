// Fills the gaps of a text, as the service does it for the engine `Placeholder`: values are inserted once and never
// read again, and a gap without a value stays as it is written.
import { placeholders, type TemplateChoice } from './choice';

export interface Rendered {
  text: string;
  placeholders: string[];
  missing: string[];
}

const GAP = /\{\{\s*([\p{L}\p{N}_]+)\s*\}\}/gu;

export function render({ content, variables }: TemplateChoice, values: Readonly<Record<string, string>>): Rendered {
  const presets = new Map(
    variables.filter((variable) => variable.default !== '').map(({ name, default: preset }) => [name, preset]),
  );
  const valueOf = (name: string) => (Object.hasOwn(values, name) ? values[name] : presets.get(name));
  const names = placeholders(content);
  return {
    text: content.replace(GAP, (gap, name: string) => valueOf(name) ?? gap),
    placeholders: names,
    missing: names.filter((name) => valueOf(name) === undefined),
  };
}
