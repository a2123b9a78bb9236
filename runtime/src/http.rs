//! The HTTP surface: paths, extraction, rendering, errors.

pub mod authorize;
pub mod caller;
pub mod console;
pub mod error;
pub mod extract;
pub mod guard;
pub mod handler;
pub mod headers;
pub mod openapi;
pub mod range;
pub mod rights;
pub mod router;
pub mod sse;
pub mod stall;
