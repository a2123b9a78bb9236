//! One bound for everything that a test waits for.

use std::{future::Future, time::Duration};

use anyhow::Context as _;

/// Longer than anything here takes on a busy machine: only what hangs meets it.
const LIMIT: Duration = Duration::from_mins(1);

/// What the future gives, or an error that names what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(LIMIT, future).await.with_context(|| format!("waited {} s for {what}", LIMIT.as_secs()))
}
