//! Calls of every kind of tool through the engine's port, with real processes and loopback servers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calls {
    pub(crate) mod bash;
    pub(crate) mod fetch;
    pub(crate) mod function;
    pub(crate) mod http;
    pub(crate) mod mcp;
    pub(crate) mod place;
    pub(crate) mod rest;
}
