//! How models answer, as their calls tell: the condition `Reachable`. No call is made for it.

use async_trait::async_trait;
use std::sync::Arc;

use troupe_catalog::{Catalog, Reachability};
use troupe_core::model::{ModelError, ModelRequest};
use troupe_core::port::{ModelClient, ModelStream};

/// Asks models, and tells the catalog how they answered.
pub struct Observed {
    models: Arc<dyn ModelClient>,
    catalog: Catalog,
}

impl Observed {
    /// Tells `catalog` how `models` answer.
    pub fn new(models: Arc<dyn ModelClient>, catalog: Catalog) -> Self {
        Self { models, catalog }
    }
}

#[async_trait]
impl ModelClient for Observed {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let model = Arc::clone(&request.model);
        let answer = self.models.stream(request).await;
        let told = match &answer {
            Ok(_) => Some(Reachability::Answered),
            Err(error) => seen(error),
        };
        // A model that came with a request has no status.
        if let Some(told) = told.filter(|_| self.catalog.view().model(&model.name).is_some()) {
            self.catalog.report_model(&model.name, told);
        }
        answer
    }
}

/// What a failure tells of the endpoint; nothing where the request itself was at fault, or came too often.
fn seen(error: &ModelError) -> Option<Reachability> {
    let message = || error.message.clone();
    match error.code.as_str() {
        "CONNECTION_ERROR" | "TIMEOUT" => Some(Reachability::ConnectionFailed(message())),
        "401" | "403" => Some(Reachability::Unauthorized(message())),
        "404" => Some(Reachability::ErrorAnswered(message())),
        code if code.len() == 3 && code.starts_with('5') => Some(Reachability::ErrorAnswered(message())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_endpoint_is_at_fault_for_counts_against_it() {
        let told = |code: &str| {
            let (code, message) = (code.to_owned(), "m".to_owned());
            seen(&ModelError { code, message, retryable: false, retry_after_ms: None })
        };
        assert_eq!(told("CONNECTION_ERROR"), Some(Reachability::ConnectionFailed("m".to_owned())));
        assert_eq!(told("401"), Some(Reachability::Unauthorized("m".to_owned())));
        assert_eq!(told("503"), Some(Reachability::ErrorAnswered("m".to_owned())));
        for code in ["400", "422", "429", "REQUEST_ERROR", "PARSE_ERROR", "CREDENTIAL_LOST"] {
            assert_eq!(told(code), None, "{code}");
        }
    }
}
