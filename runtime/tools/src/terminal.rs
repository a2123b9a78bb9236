//! What a terminal would show: colours and other control sequences vanish, progress lines are overwritten in place.
//!
//! Only the last 24 rows can change; what scrolls off them is final text. Long lines are not broken: a model reads lines,
//! not columns.

use std::collections::VecDeque;

/// Rows that the cursor can reach.
const ROWS: usize = 24;
/// The longest control sequence that is read to its end; a longer one is no sequence.
const LONGEST_SEQUENCE: usize = 4096;
/// The longest row that keeps its cells apart, so that a jump far to the right costs nothing.
const WIDEST_JUMP: usize = 512;

/// A screen that is written to.
pub(crate) struct Screen {
    /// Rows that scrolled off, each with its line break.
    done: String,
    /// The rows that the cursor can reach; never empty.
    rows: VecDeque<Vec<char>>,
    row: usize,
    column: usize,
    /// The bytes of `rows`, about.
    live: usize,
    state: State,
    /// The beginning of a character whose rest has not come yet.
    partial: Vec<u8>,
    most: usize,
    cut: bool,
}

/// Where in a control sequence the reading is (ECMA-48).
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate character: one more character follows.
    EscapeIntermediate,
    /// In `ESC [ …`: the parameters so far.
    Control(String),
    /// In a string (`ESC ]`, `ESC P`, …) that ends with BEL or `ESC \`; counts its characters.
    String(usize),
    /// After ESC in a string.
    StringEscape,
}

impl Screen {
    /// A screen that keeps at most `most` bytes of text.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            done: String::new(),
            rows: VecDeque::from([Vec::new()]),
            row: 0,
            column: 0,
            live: 0,
            state: State::Text,
            partial: Vec::new(),
            most,
            cut: false,
        }
    }

    /// The bytes kept until now, about.
    pub(crate) fn len(&self) -> usize {
        self.done.len() + self.live
    }

    /// The most bytes that are kept.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Writes to the screen. Bytes that are no UTF-8 show as `�`.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut pending = std::mem::take(&mut self.partial);
        pending.extend_from_slice(bytes);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => return text.chars().for_each(|character| self.write(character)),
                Err(error) => {
                    let (valid, invalid) = rest.split_at(error.valid_up_to());
                    String::from_utf8_lossy(valid).chars().for_each(|character| self.write(character));
                    let Some(length) = error.error_len() else {
                        self.partial = invalid.to_vec();
                        return;
                    };
                    self.write(char::REPLACEMENT_CHARACTER);
                    rest = invalid.get(length..).unwrap_or_default();
                }
            }
        }
    }

    /// The text without blank rows at its end, and whether something is missing from it.
    pub(crate) fn finish(mut self) -> (String, bool) {
        while let Some(row) = self.rows.pop_front() {
            self.scroll_off(&row);
        }
        let text = self.done.trim_end().len();
        self.done.truncate(text);
        (self.done, self.cut)
    }

    fn write(&mut self, character: char) {
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text => self.text(character),
            State::EscapeIntermediate => {}
            State::Control(parameters) => self.control(parameters, character),
            State::String(length) => match character {
                '\u{7}' | '\u{9c}' => {}
                '\u{1b}' => self.state = State::StringEscape,
                _ if length < LONGEST_SEQUENCE => self.state = State::String(length + 1),
                _ => {}
            },
            State::StringEscape if character == '\\' => {}
            State::Escape | State::StringEscape => self.escape(character),
        }
    }

    fn text(&mut self, character: char) {
        match character {
            '\u{1b}' => self.state = State::Escape,
            '\u{9b}' => self.state = State::Control(String::new()),
            '\n' | '\u{b}' | '\u{c}' => self.line_feed(),
            '\r' => self.column = 0,
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.put('\t'),
            control if control.is_control() => {}
            shown => self.put(shown),
        }
    }

    fn escape(&mut self, character: char) {
        match character {
            '[' => self.state = State::Control(String::new()),
            ']' | 'P' | 'X' | '^' | '_' => self.state = State::String(0),
            ' '..='/' => self.state = State::EscapeIntermediate,
            'M' => self.row = self.row.saturating_sub(1),
            'D' => self.line_feed(),
            'E' => {
                self.column = 0;
                self.line_feed();
            }
            '\u{1b}' => self.state = State::Escape,
            _ => {}
        }
    }

    fn control(&mut self, mut parameters: String, character: char) {
        match character {
            '\u{1b}' => self.state = State::Escape,
            ' '..='?' if parameters.len() < LONGEST_SEQUENCE => {
                parameters.push(character);
                self.state = State::Control(parameters);
            }
            '@'..='~' => self.perform(&parameters, character),
            // A control character inside of a sequence acts as if it stood before it.
            '\n' | '\r' | '\u{8}' => {
                self.text(character);
                self.state = State::Control(parameters);
            }
            _ => {}
        }
    }

    /// Moves and erases; colours, modes and questions change nothing that is kept.
    fn perform(&mut self, parameters: &str, action: char) {
        let mut numbers = parameters.split(';').map(|number| number.parse::<usize>().ok());
        let first = numbers.next().flatten();
        let count = first.unwrap_or(1).clamp(1, WIDEST_JUMP);
        match action {
            'A' => self.row = self.row.saturating_sub(count),
            'B' | 'e' => self.move_to(self.row + count),
            'C' | 'a' => self.column += count,
            'D' => self.column = self.column.saturating_sub(count),
            'E' => {
                self.column = 0;
                self.move_to(self.row + count);
            }
            'F' => {
                self.column = 0;
                self.row = self.row.saturating_sub(count);
            }
            'G' | '`' => self.column = count - 1,
            'd' => self.move_to(count - 1),
            'H' | 'f' => {
                self.move_to(count - 1);
                self.column = numbers.next().flatten().unwrap_or(1).clamp(1, WIDEST_JUMP) - 1;
            }
            'J' => self.erase_rows(first.unwrap_or(0)),
            'K' => self.erase_columns(first.unwrap_or(0)),
            'P' => self.delete(count),
            _ => {}
        }
    }

    fn move_to(&mut self, row: usize) {
        self.row = row.min(ROWS - 1);
        while self.rows.len() <= self.row {
            self.rows.push_back(Vec::new());
        }
    }

    fn line_feed(&mut self) {
        // The line discipline sends CR LF; who writes LF alone means a new line as well.
        self.column = 0;
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push_back(Vec::new());
        }
        if self.rows.len() > ROWS
            && let Some(row) = self.rows.pop_front()
        {
            self.row -= 1;
            self.scroll_off(&row);
        }
    }

    fn scroll_off(&mut self, row: &[char]) {
        self.live = self.live.saturating_sub(row.len());
        let length: usize = row.iter().map(|character| character.len_utf8()).sum();
        if self.cut || self.done.len() + length + 1 > self.most {
            let room = self.most.saturating_sub(self.done.len());
            let mut used = 0;
            if !self.cut {
                self.done.extend(row.iter().take_while(|character| {
                    used += character.len_utf8();
                    used <= room
                }));
            }
            // What is cut only by its line break at the very end is whole.
            self.cut |= length > room || !row.is_empty() && room == 0;
            return;
        }
        self.done.extend(row);
        self.done.push('\n');
    }

    fn put(&mut self, character: char) {
        let room = self.most;
        let Some(row) = self.rows.get_mut(self.row) else { return };
        if self.column < row.len() {
            row[self.column] = character;
        } else if row.len() <= room {
            self.live += self.column + 1 - row.len();
            row.resize(self.column, ' ');
            row.push(character);
        } else {
            self.cut = true;
            return;
        }
        self.column += 1;
    }

    fn erase_rows(&mut self, which: usize) {
        let (from, to) = match which {
            0 => (self.row + 1, self.rows.len()),
            1 => (0, self.row),
            _ => (0, self.rows.len()),
        };
        for row in self.rows.iter_mut().take(to).skip(from) {
            self.live = self.live.saturating_sub(row.len());
            row.clear();
        }
        if which < 2 {
            self.erase_columns(which);
        }
    }

    fn erase_columns(&mut self, which: usize) {
        let Some(row) = self.rows.get_mut(self.row) else { return };
        let before = row.len();
        match which {
            0 => row.truncate(self.column),
            1 => row.iter_mut().take(self.column + 1).for_each(|cell| *cell = ' '),
            _ => row.clear(),
        }
        self.live = self.live.saturating_sub(before - row.len());
    }

    fn delete(&mut self, count: usize) {
        let Some(row) = self.rows.get_mut(self.row) else { return };
        let end = (self.column + count).min(row.len());
        row.drain(self.column.min(end)..end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8]) -> String {
        let mut screen = Screen::new(1 << 20);
        screen.push(bytes);
        screen.finish().0
    }

    #[test]
    fn colours_titles_and_modes_vanish() {
        assert_eq!(
            shown(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b[?25l\x1b(Bplain\x1b]8;;u\x1b\\ link"),
            "red plain link"
        );
    }

    #[test]
    fn a_progress_line_shows_as_it_ended() {
        assert_eq!(shown(b"10%\r50%\r100%\r\ndone\r\n"), "100%\ndone");
        assert_eq!(shown(b"downloading\r\x1b[Kok\r\n"), "ok");
        assert_eq!(shown(b"abc\x08\x08X"), "aXc");
    }

    #[test]
    fn several_progress_lines_are_redrawn_in_place() {
        assert_eq!(shown(b"a 1\r\nb 1\r\n\x1b[2Aa 2\r\nb 2\r\n"), "a 2\nb 2");
        assert_eq!(shown(b"one\r\ntwo\r\n\x1b[H\x1b[2J\x1b[3Jfresh"), "fresh");
    }

    #[test]
    fn what_scrolled_off_is_kept_and_long_lines_stay_whole() {
        let lines: Vec<String> = (0..100).map(|line| format!("{line} {}", "x".repeat(200))).collect();
        assert_eq!(shown(lines.join("\r\n").as_bytes()), lines.join("\n"));
    }

    #[test]
    fn a_character_may_come_in_pieces_and_nonsense_shows_as_such() {
        let mut screen = Screen::new(1000);
        "é漢".as_bytes().iter().for_each(|byte| screen.push(&[*byte]));
        screen.push(b"\xff!");
        assert_eq!(screen.finish().0, "é漢\u{fffd}!");
    }

    #[test]
    fn text_beyond_the_limit_is_cut_and_said_to_be() {
        let mut screen = Screen::new(100);
        (0..50).for_each(|line| screen.push(format!("line {line}\r\n").as_bytes()));
        let (text, cut) = screen.finish();
        assert!(cut && text.len() <= 100 && text.starts_with("line 0\nline 1\n"), "{text}");
    }

    proptest! {
        #[test]
        fn no_input_panics_or_outgrows_the_limit(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
            let mut screen = Screen::new(200);
            for piece in &pieces {
                screen.push(piece);
            }
            prop_assert!(screen.finish().0.len() <= 200);
        }

        #[test]
        fn sequences_cut_anywhere_show_the_same(text in "[a-z\\x1b\\[0-9;ABCDHJKm\r\n\u{8}]{0,80}", at in 0_usize..80) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            let mut screen = Screen::new(1 << 20);
            screen.push(&bytes[..at]);
            screen.push(&bytes[at..]);
            prop_assert_eq!(screen.finish().0, shown(bytes));
        }
    }
}
