//! The routes' handlers: extract, call, render.

pub mod infer;
pub mod platform;
