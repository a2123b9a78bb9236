//! The guarded HTTP client: every request that Troupe makes on somebody's behalf goes through here.
//!
//! Three promises: a request reaches only addresses that its [`Trust`] allows, checked where the connection is made and at
//! every redirect; a secret goes only to the host that it was given for; and an error says what happened without
//! saying a secret.

pub mod address;
pub mod allow;
pub mod client;
pub mod error;
pub mod proxy;
pub mod request;
pub mod resolve;
pub mod response;

mod guard;
mod redirect;
mod tls;

pub use allow::{AllowList, Network};
pub use client::{Client, ClientConfig};
pub use error::NetError;
pub use guard::Refusal;
pub use proxy::ProxyConfig;
pub use request::{Request, Trust};
pub use resolve::{Resolver, SystemResolver};
pub use response::{Body, Response};
