//! The runtime of Troupe: agents as resources, served over HTTP, and as a library.
//!
//! `http` calls `service`, `service` calls the core's engine; [`app`] wires the adapters.

pub mod app;
pub mod clock;
pub mod cluster;
pub mod command;
pub mod frame;
pub mod http;
pub mod library;
pub mod mcp;
pub mod media;
pub mod sandbox;
pub mod secrets;
pub mod service;
pub mod settings;
pub mod size;
pub mod telemetry;
pub mod wire;
