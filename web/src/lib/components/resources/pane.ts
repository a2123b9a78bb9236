// What stands beside a form.
export interface Pane {
  id: string;
  label: string;
  count?: number;
  /** Only for what is there already. */
  existing?: boolean;
  /** It stands before the text, and is what is seen first. */
  first?: boolean;
}
