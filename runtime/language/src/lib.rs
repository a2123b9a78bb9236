//! Templates and expressions: one evaluator for checking (operator, catalog) and for running (engine, tools).
//!
//! Nothing here does I/O, reads a clock or panics; whatever the text, the answer is a value or a [`LanguageError`]
//! that names the line and says what to write instead.

pub mod dollar;
pub mod engine;
pub mod error;
pub mod expression;
pub mod jinja;
pub mod placeholder;

mod roomy;
mod text;

pub use engine::Engine;
pub use error::LanguageError;
pub use jinja::JinjaNames;
