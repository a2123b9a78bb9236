//! Rendered text up to a cap.

use std::io::{Error, ErrorKind, Write};

use crate::LanguageError;

/// A writer that refuses the byte after the last allowed one, so that rendering stops there.
pub(super) struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    overflowed: bool,
}

impl Capped {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, overflowed: false }
    }

    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(super) fn into_text(self) -> Result<String, LanguageError> {
        String::from_utf8(self.bytes)
            .map_err(|_| LanguageError::new("the template wrote bytes that are no text", "write text only"))
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.overflowed = true;
            return Err(Error::from(ErrorKind::WriteZero));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
