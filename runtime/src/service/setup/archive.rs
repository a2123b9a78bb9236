//! A tar archive (POSIX ustar) of regular files, and base64 in lines.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Everything in an archive is a multiple of it, in bytes.
const BLOCK: usize = 512;

/// The longest path in a header's first field, in bytes.
const LONGEST_NAME: usize = 100;

/// Bytes that come to one line of 76 letters.
const LINE: usize = 57;

/// Writes an archive.
pub(super) struct Archive<W: Write>(W);

impl<W: Write> Archive<W> {
    pub(super) fn new(to: W) -> Self {
        Self(to)
    }

    /// Adds a file of exactly so many bytes.
    pub(super) fn file(&mut self, path: &str, mode: u32, length: u64, content: &mut impl Read) -> io::Result<()> {
        self.0.write_all(&header(path, mode, length)?)?;
        let copied = io::copy(&mut content.take(length), &mut self.0)?;
        if copied != length {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{path} became shorter")));
        }
        let over = usize::try_from(length % 512).unwrap_or_default();
        if over > 0 {
            self.0.write_all(&[0; BLOCK][over..])?;
        }
        Ok(())
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        Ok(self.0)
    }
}

fn header(path: &str, mode: u32, length: u64) -> io::Result<[u8; BLOCK]> {
    if path.len() > LONGEST_NAME {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the path {path:?} is too long to be packed")));
    }
    let mut header = [0; BLOCK];
    let fields: [(usize, String); 9] = [
        (0, path.to_owned()),
        (100, format!("{mode:07o}\0")),
        (108, "0000000\0".to_owned()),
        (116, "0000000\0".to_owned()),
        (124, format!("{length:011o}\0")),
        (136, "00000000000\0".to_owned()),
        // The sum is made as if it were spaces.
        (148, " ".repeat(8)),
        (156, "0".to_owned()),
        (257, "ustar\x0000".to_owned()),
    ];
    for (at, text) in fields {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

/// Writes base64 in lines of 76 letters, as every decoder reads it.
pub(super) struct Base64Lines<W: Write> {
    to: W,
    rest: Vec<u8>,
}

impl<W: Write> Base64Lines<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, rest: Vec::with_capacity(LINE) }
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Ok(()) } else { self.line(&rest) }
    }

    fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut line = STANDARD.encode(bytes);
        line.push('\n');
        self.to.write_all(line.as_bytes())
    }
}

impl<W: Write> Write for Base64Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = bytes;
        if !self.rest.is_empty() {
            let (first, others) = left.split_at(left.len().min(LINE - self.rest.len()));
            self.rest.extend_from_slice(first);
            left = others;
            if self.rest.len() < LINE {
                return Ok(bytes.len());
            }
            let line = std::mem::take(&mut self.rest);
            self.line(&line)?;
        }
        let lines = left.chunks_exact(LINE);
        self.rest.extend_from_slice(lines.remainder());
        for line in lines {
            self.line(line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_are_written() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        for piece in [1, 7, 56, 57, 58, 500, 1_000] {
            let mut text = Vec::new();
            let mut lines = Base64Lines::new(&mut text);
            bytes.chunks(piece).for_each(|piece| lines.write_all(piece).unwrap());
            lines.finish().unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.lines().all(|line| line.len() <= 76));
            assert_eq!(STANDARD.decode(text.replace('\n', "")).unwrap(), bytes, "{piece}");
        }
    }

    #[test]
    fn a_file_takes_whole_blocks() {
        let mut archive = Archive::new(Vec::new());
        archive.file("a/b.txt", 0o644, 5, &mut &b"hello"[..]).unwrap();
        archive.file("empty", 0o755, 0, &mut &b""[..]).unwrap();
        assert!(archive.file("short", 0o644, 9, &mut &b"x"[..]).is_err());
        let bytes = Archive::new(Vec::new()).finish().unwrap();
        assert_eq!(bytes.len(), 2 * BLOCK);
        assert!(header(&"x".repeat(101), 0, 0).is_err());
        let header = header("a/b.txt", 0o644, 5).unwrap();
        assert_eq!((&header[..8], &header[124..136]), (&b"a/b.txt\0"[..], &b"00000000005\0"[..]));
    }
}
