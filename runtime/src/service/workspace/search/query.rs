//! What is looked for: fixed texts, `a|b` for either, spaces for all.

use std::io::{self, Read};

use regex::bytes::{Regex, RegexBuilder};

use crate::service::workspace::place::FileError;

/// How much of a file is in memory at a time, and how much of its beginning says whether it is a text.
const PIECE: usize = 256 * 1_024;
const SNIFFED: usize = 8_192;

/// The most words, and the longest query in bytes.
const MOST_WORDS: usize = 32;
const LONGEST: usize = 1_000;

/// What is looked for: one of the groups, every word of it.
#[derive(Debug)]
pub(in crate::service::workspace) struct Query {
    words: Vec<Regex>,
    /// Each the numbers of its words, as bits.
    groups: Vec<u64>,
    /// Bytes by which pieces of a file overlap, so that no word falls between two.
    overlap: usize,
}

impl Query {
    pub(in crate::service::workspace) fn new(text: &str) -> Result<Self, FileError> {
        let wrong = |problem: String| FileError::Name { field: "query", problem };
        if text.len() > LONGEST {
            return Err(wrong(format!("it is longer than {LONGEST} bytes")));
        }
        let (mut words, mut groups) = (Vec::new(), Vec::new());
        for group in text.split('|') {
            let mut bits = 0;
            for word in group.split_whitespace() {
                if words.len() == MOST_WORDS {
                    return Err(wrong(format!("it has more than {MOST_WORDS} words")));
                }
                bits |= 1_u64 << words.len();
                words.push(matcher(word).map_err(|error| wrong(error.to_string()))?);
            }
            if bits != 0 {
                groups.push(bits);
            }
        }
        if groups.is_empty() {
            return Err(wrong("it has no words".to_owned()));
        }
        // In another case a letter may take more bytes.
        let longest = text.split(['|', ' ']).map(str::len).max().unwrap_or_default();
        Ok(Self { words, groups, overlap: longest * 4 })
    }

    pub(super) fn is_met(&self, found: u64) -> bool {
        self.groups.iter().any(|group| group & found == *group)
    }

    pub(super) fn found_in(&self, bytes: &[u8], before: u64) -> u64 {
        let missing = self.words.iter().enumerate().filter(|(number, _)| before & (1 << number) == 0);
        missing.filter(|(_, word)| word.is_match(bytes)).fold(before, |found, (number, _)| found | (1 << number))
    }

    /// Whether a text file has what is looked for.
    pub(super) fn matches(&self, file: &mut impl Read, piece: &mut Vec<u8>) -> io::Result<bool> {
        let (mut found, mut kept, mut is_first) = (0, 0, true);
        piece.resize(PIECE + self.overlap, 0);
        loop {
            let read = fill(file, &mut piece[kept..])?;
            let text = &piece[..kept + read];
            if is_first && text[..text.len().min(SNIFFED)].contains(&0) {
                return Ok(false);
            }
            is_first = false;
            found = self.found_in(text, found);
            if self.is_met(found) {
                return Ok(true);
            }
            let end = kept + read;
            if end < piece.len() {
                return Ok(false);
            }
            kept = self.overlap.min(end);
            piece.copy_within(end - kept..end, 0);
        }
    }
}

/// Reads until the buffer is full or nothing more comes.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn matcher(word: &str) -> Result<Regex, regex::Error> {
    let any_case = !word.chars().any(char::is_uppercase);
    RegexBuilder::new(&regex::escape(word)).case_insensitive(any_case).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(query: &str, text: &[u8]) -> bool {
        Query::new(query).unwrap().matches(&mut &*text, &mut Vec::new()).unwrap()
    }

    #[test]
    fn spaces_are_and_bars_are_or() {
        let text = b"one two\nthree. four|five";
        for (query, found) in [
            ("one", true),
            ("one three.", true),
            ("one six", false),
            ("six|two", true),
            ("one six|two four", true),
            ("three!", false),
            ("thre.", false),
            ("  two  | ", true),
        ] {
            assert_eq!(matches(query, text), found, "{query}");
        }
        assert!(Query::new(" | ").is_err() && Query::new(&"x ".repeat(40)).is_err());
    }

    #[test]
    fn a_word_without_capitals_is_found_in_every_case() {
        assert!(matches("ärger", "ÄRGER".as_bytes()) && matches("one", b"One"));
        assert!(!matches("One", b"one ONE") && matches("One", b"One"));
    }

    #[test]
    fn a_word_between_two_pieces_is_found_and_binary_files_are_none() {
        for place in [PIECE - 3, PIECE, PIECE + 30, 3 * PIECE - 5] {
            let mut text = vec![b'x'; 4 * PIECE];
            text[place..place + 6].copy_from_slice(b"needle");
            assert!(matches("needle", &text), "{place}");
            text[SNIFFED - 1] = 0;
            assert!(!matches("needle", &text));
        }
        assert!(!matches("needle", b"") && matches("e", b"e"));
    }
}
