//! S2's way of writing expressions, turned into plain CEL before parsing.
//!
//! Outside string literals `and`, `or`, `not` become `&&`, `||`, `!(…)` (S2-108; `not` reaches as far as in Python, to
//! the next `and` or `or`), a list index between dots becomes an index (`titles.0` is `titles[0]`), and the step after
//! `nodes.` may contain hyphens or start with a digit, since node ids do (S2-101). Line breaks stay where they are, so
//! that an error's line is the author's.

use crate::LanguageError;

/// Words that CEL keeps for itself; as field names they need its backticks.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// The same expression in CEL, to be parsed with its identifier escapes.
pub(super) fn to_cel(text: &str) -> Result<String, LanguageError> {
    let mut rewriter =
        Rewriter { text, rest: text, output: String::with_capacity(text.len() + 16), ..Default::default() };
    while !rewriter.rest.is_empty() {
        rewriter.token()?;
    }
    rewriter.close_negations();
    Ok(rewriter.output)
}

#[derive(Default)]
struct Rewriter<'text> {
    text: &'text str,
    rest: &'text str,
    output: String,
    /// Brackets that are open.
    depth: usize,
    /// For each open `!(` the depth at which its `not` stands.
    negations: Vec<usize>,
    /// Whether a dot that comes next selects a field of what was just written.
    selectable: bool,
}

impl Rewriter<'_> {
    fn token(&mut self) -> Result<(), LanguageError> {
        let rest = self.rest;
        match rest.as_bytes().first().copied().unwrap_or_default() {
            b'"' | b'\'' => self.quoted(0, false),
            // A comment goes, because a bracket written behind it would be part of it.
            b'/' if rest.starts_with("//") => {
                self.rest = &rest[span(rest, |character| character != '\n')..];
                Ok(())
            }
            b'.' if self.selectable => {
                self.step();
                Ok(())
            }
            first if first == b'_' || first.is_ascii_alphabetic() => self.word(),
            first if first.is_ascii_digit() => {
                self.take(number(rest), false);
                Ok(())
            }
            _ => {
                self.symbol();
                Ok(())
            }
        }
    }

    /// Copies `length` bytes.
    fn take(&mut self, length: usize, selectable: bool) {
        let (token, after) = self.rest.split_at(length);
        self.output.push_str(token);
        self.rest = after;
        self.selectable = selectable;
    }

    /// Writes `replacement` for `length` bytes.
    fn replace(&mut self, length: usize, replacement: &str, selectable: bool) {
        self.output.push_str(replacement);
        self.rest = &self.rest[length..];
        self.selectable = selectable;
    }

    fn symbol(&mut self) {
        if let Some(operator) = ["&&", "||"].into_iter().find(|operator| self.rest.starts_with(operator)) {
            self.close_negations();
            return self.take(operator.len(), false);
        }
        let Some(symbol) = self.rest.chars().next() else { return };
        match symbol {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => {
                self.close_negations();
                self.depth = self.depth.saturating_sub(1);
            }
            ',' | '?' | ':' => self.close_negations(),
            _ => {}
        }
        let selectable = matches!(symbol, ')' | ']' | '}') || (self.selectable && symbol.is_whitespace());
        self.take(symbol.len_utf8(), selectable);
    }

    /// Ends every `not` that stands at the present depth or deeper.
    fn close_negations(&mut self) {
        while self.negations.pop_if(|depth| *depth >= self.depth).is_some() {
            self.output.push(')');
        }
    }

    /// A word: an operator, a string's prefix with its string, or a name; after `nodes`, the node's id as well.
    fn word(&mut self) -> Result<(), LanguageError> {
        let length = span(self.rest, is_word);
        let (name, after) = self.rest.split_at(length);
        match name {
            "and" | "or" => {
                self.close_negations();
                self.replace(length, if name == "and" { "&&" } else { "||" }, false);
            }
            "not" => {
                self.negations.push(self.depth);
                self.replace(length, "!(", false);
            }
            "nodes" => {
                self.take(length, true);
                self.node_id();
            }
            "r" | "R" | "b" | "B" | "rb" | "rB" | "Rb" | "RB" | "br" | "bR" | "Br" | "BR"
                if after.starts_with(['"', '\'']) =>
            {
                return self.quoted(length, name.contains(['r', 'R']));
            }
            _ => self.take(length, true),
        }
        Ok(())
    }

    /// The id after `nodes.`, in backticks where it is no identifier.
    fn node_id(&mut self) {
        let Some(after) = self.rest.strip_prefix('.') else { return };
        let id = after[..span(after, |character| character == '-' || is_word(character))].trim_end_matches('-');
        let method = after[id.len()..].starts_with('(');
        if !id.is_empty() && !method && (id.contains('-') || id.starts_with(|first: char| first.is_ascii_digit())) {
            self.replace(id.len() + 1, &format!(".`{id}`"), true);
        }
    }

    /// A dot and what it selects: a list index, a field named like a reserved word, or any field.
    fn step(&mut self) {
        let after = &self.rest[1..];
        let length = span(after, is_word);
        let name = &after[..length];
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            self.replace(length + 1, &format!("[{name}]"), true);
        } else if RESERVED.contains(&name) {
            self.replace(length + 1, &format!(".`{name}`"), true);
        } else {
            self.take(length + 1, true);
        }
    }

    /// A string literal behind a prefix of `prefix` bytes.
    fn quoted(&mut self, prefix: usize, raw: bool) -> Result<(), LanguageError> {
        let Some(length) = string(&self.rest[prefix..], raw) else {
            let line = self.text[..self.text.len() - self.rest.len()].matches('\n').count() + 1;
            return Err(LanguageError::new("a text without its closing quote", "close the quote").on_line(Some(line)));
        };
        self.take(prefix + length, true);
        Ok(())
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// How many bytes at the start of `text` are accepted.
fn span(text: &str, accepts: impl Fn(char) -> bool) -> usize {
    text.find(|character| !accepts(character)).unwrap_or(text.len())
}

/// The length of a number: digits, letters of its base, exponent and suffix, and one fraction.
fn number(text: &str) -> usize {
    let whole = span(text, is_word);
    let fraction =
        text[whole..].strip_prefix('.').filter(|digits| digits.starts_with(|first: char| first.is_ascii_digit()));
    fraction.map_or(whole, |digits| whole + 1 + span(digits, is_word))
}

/// The length of a string literal with its quotes, or nothing where it is not closed.
fn string(text: &str, raw: bool) -> Option<usize> {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| text.starts_with(quote))?;
    let mut position = quote.len();
    loop {
        let rest = text.get(position..)?;
        if rest.starts_with(quote) {
            return Some(position + quote.len());
        }
        let mut characters = rest.chars();
        let first = characters.next()?;
        position += first.len_utf8();
        if first == '\\' && !raw {
            position += characters.next()?.len_utf8();
        }
    }
}
