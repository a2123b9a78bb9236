//! Stdio MCP servers, supervised and shared: a pool of processes for use in the same process ([`StdioPool`]), and the
//! same pool behind streamable HTTP ([`http::serve`]). [`Peer`] and [`Client`] are the MCP client underneath, for any
//! transport.

mod client;
mod config;
pub mod http;
mod line;
mod message;
mod peer;
mod pool;
mod process;

pub use client::{Client, HandshakeError, Identity, PROTOCOL_VERSIONS, STATELESS_VERSION, ServerInfo};
pub use config::{Inherit, Processes, Sharing, StdioServer};
pub use message::{Message, MessageError, Raw, RequestId, RpcError, progress_token, raw, with_meta};
pub use peer::{Listeners, Notification, Outgoing, Peer, Progress, RequestError, RequestOptions};
pub use pool::{Health, StdioError, StdioPool};
