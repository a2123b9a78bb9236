//! Operations, free of HTTP: what the routes do.

pub mod infer;
pub mod message;
pub mod resolve;
