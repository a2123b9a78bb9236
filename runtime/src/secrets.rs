//! Secrets at use: those of the catalog, and those that came inline with a request and live in memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use troupe_catalog::Catalog;
use troupe_core::model::SecretRef;
use troupe_core::port::{SecretError, SecretSource};

/// The most inline secrets that are held: each lasts until this many newer ones came.
const MOST_INLINE: usize = 10_000;

/// Every secret that this process may read.
pub struct Secrets {
    catalog: Catalog,
    inline: Mutex<Inline>,
}

#[derive(Default)]
struct Inline {
    values: HashMap<String, Arc<str>>,
    order: std::collections::VecDeque<String>,
}

impl Secrets {
    /// The secrets of a catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, inline: Mutex::default() }
    }

    /// Holds a value that came with a request; the reference is what a snapshot may carry. The same value has the same
    /// reference, so that the same request pins the same snapshot.
    pub fn hold(&self, value: &str) -> SecretRef {
        let id = troupe_core::id::ContentHash::of(value.as_bytes()).0;
        let mut inline = self.inline.lock().unwrap_or_else(PoisonError::into_inner);
        if inline.values.insert(id.clone(), value.into()).is_none() {
            inline.order.push_back(id.clone());
        }
        if inline.order.len() > MOST_INLINE
            && let Some(oldest) = inline.order.pop_front()
        {
            inline.values.remove(&oldest);
        }
        SecretRef::Inline(id)
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        match reference {
            SecretRef::Key { .. } => self.catalog.secret(reference).await,
            SecretRef::Inline(id) => {
                let inline = self.inline.lock().unwrap_or_else(PoisonError::into_inner);
                inline.values.get(id).cloned().ok_or(SecretError::Lost)
            }
        }
    }
}
