//! What a command writes, kept within a limit.

use crate::jail::OutputForm;
use crate::terminal::Screen;

/// A bounded collector of output.
pub(crate) enum Output {
    /// As a terminal would show it.
    Terminal(Box<Screen>),
    /// As it came.
    Plain {
        /// The bytes kept.
        kept: Vec<u8>,
        /// The most that are kept.
        most: usize,
        /// More came.
        cut: bool,
    },
}

impl Output {
    pub(crate) fn new(form: OutputForm, most: usize) -> Self {
        match form {
            OutputForm::Terminal => Self::Terminal(Box::new(Screen::new(most))),
            OutputForm::Plain => Self::Plain { kept: Vec::new(), most, cut: false },
        }
    }

    /// Takes what came; beyond the limit it is only noted.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Terminal(screen) => screen.push(bytes),
            Self::Plain { kept, most, cut } => {
                let room = most.saturating_sub(kept.len()).min(bytes.len());
                kept.extend_from_slice(&bytes[..room]);
                *cut |= room < bytes.len();
            }
        }
    }

    /// The bytes kept until now.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Terminal(screen) => screen.len(),
            Self::Plain { kept, .. } => kept.len(),
        }
    }

    /// The most bytes that are kept.
    pub(crate) fn most(&self) -> usize {
        match self {
            Self::Terminal(screen) => screen.most(),
            Self::Plain { most, .. } => *most,
        }
    }

    /// The text, and whether something is missing from it.
    pub(crate) fn finish(self) -> (String, bool) {
        match self {
            Self::Terminal(screen) => screen.finish(),
            Self::Plain { kept, cut, .. } => {
                let text = String::from_utf8(kept)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                (text, cut)
            }
        }
    }
}
