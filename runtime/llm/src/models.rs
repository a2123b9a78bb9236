//! The port's model client: one call from the request to the stream of its answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::Value;
use tokio::time::{timeout, timeout_at};
use tokio_util::task::TaskTracker;
use troupe_core::model::{ModelError, ModelRequest, ModelSnapshot};
use troupe_core::port::{Clock, ModelClient, ModelStream, SecretSource};
use troupe_net::{Client, ClientConfig, Response};
use uuid::Uuid;

use crate::body::characters;
use crate::decode::{Decoding, Fault, estimate};
use crate::error::{Reporter, excerpt};
use crate::flow::{Deadlines, Flow};
use crate::limits::{Limits, Permit};
use crate::protocol::{Options, Wire, wire};
use crate::transport::{Transport, sooner, with_json};

/// The longest pause within an answer. Models that think in silence send keep-alives, which count.
const IDLE: Duration = Duration::from_mins(2);

/// How much of an error's body is read.
const ERROR_BODY: usize = 64 * 1024;

/// How long an error's body may take; its status is known by then.
const ERROR_TIME: Duration = Duration::from_secs(5);

/// How long a list of models may take, and how large it may be (`OpenRouter`'s is a megabyte).
const LIST_TIME: Duration = Duration::from_secs(10);
const LIST_BODY: usize = 16 * 1024 * 1024;

/// Asks models over the network. Make one and share it: it keeps connections open, and each model's own limits.
pub struct Models {
    transport: Transport,
    limits: Limits,
    clock: Arc<dyn Clock>,
    drains: TaskTracker,
    idle: Duration,
}

impl Models {
    /// `config` is what `client` was made with: models with a certificate authority of their own get clients made from
    /// it, with that authority added.
    pub fn new(client: Client, config: ClientConfig, secrets: Arc<dyn SecretSource>, clock: Arc<dyn Clock>) -> Self {
        let transport = Transport::new(client, config, secrets);
        Self { transport, limits: Limits::default(), clock, drains: TaskTracker::new(), idle: IDLE }
    }

    /// How long an answer may pause between two pieces, keep-alives included; two minutes by default.
    #[must_use]
    pub fn with_idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// The provider's names of the models at a model's endpoint, by its free list; none of the model's limits are
    /// waited for. A failure says what is wrong with endpoint or key.
    pub async fn list(&self, model: &Arc<ModelSnapshot>) -> Result<Vec<String>, ModelError> {
        let mut reporter = Reporter::new(Arc::clone(model));
        let wire = wire(model.protocol).ok_or_else(|| reporter.protocol())?;
        let request = self.transport.prepare(wire, model, Method::GET, wire.list(), &mut reporter).await?;
        let response = self.transport.send(model, request.total_timeout(LIST_TIME), &reporter).await?;
        if !response.status().is_success() {
            return Err(self.refused(response, &reporter).await.0);
        }
        let (body, _) = response.read_limited(LIST_BODY).await.map_err(|error| reporter.net(&error))?;
        let names = serde_json::from_slice::<Value>(&body).ok().and_then(|list| wire.names(&list));
        names.ok_or_else(|| {
            let reason = "it is no list of models".to_owned();
            reporter.fault(&Fault::Malformed { reason, excerpt: excerpt(&body), cut: false })
        })
    }

    /// Sends the request; once more without asking for counts where the server refuses that question.
    async fn ask(
        &self,
        wire: &dyn Wire,
        request: &ModelRequest,
        reporter: &mut Reporter,
    ) -> Result<Response, ModelError> {
        let model = &*request.model;
        let include_usage = self.transport.counts_usage(model);
        let response = self.send(wire, request, Options { include_usage }, reporter).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let about_usage = include_usage && matches!(response.status().as_u16(), 400 | 422);
        let (error, body) = self.refused(response, reporter).await;
        let text = String::from_utf8_lossy(&body);
        if !(about_usage && (text.contains("stream_options") || text.contains("include_usage"))) {
            return Err(error);
        }
        let response = self.send(wire, request, Options { include_usage: false }, reporter).await?;
        if !response.status().is_success() {
            return Err(self.refused(response, reporter).await.0);
        }
        self.transport.refuses_usage(model);
        Ok(response)
    }

    async fn send(
        &self,
        wire: &dyn Wire,
        request: &ModelRequest,
        options: Options,
        reporter: &mut Reporter,
    ) -> Result<Response, ModelError> {
        let model = &*request.model;
        let body = wire.body(request, options).map_err(|problem| reporter.request(&problem))?;
        let mut http = self.transport.prepare(wire, model, Method::POST, wire.chat(), reporter).await?;
        if let Some(id) = &request.request_id {
            // An id that no header can hold is the caller's; it is no reason to fail.
            http = http.clone().text_header("x-request-id", id, false).unwrap_or(http);
        }
        http = with_json(http, body).idle_timeout(self.idle);
        let patience = sooner(
            model.first_token_timeout_ms.map(Duration::from_millis),
            model.timeout_ms.map(Duration::from_millis),
        );
        if let Some(patience) = patience {
            // Our own limit, which counts the redirects in as well, passes first.
            http = http.first_byte_timeout(patience.saturating_add(Duration::from_secs(1)));
        }
        self.transport.send(model, http, reporter).await
    }

    /// The error that a response is, and its body.
    async fn refused(&self, response: Response, reporter: &Reporter) -> (ModelError, Vec<u8>) {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = timeout(ERROR_TIME, response.read_limited(ERROR_BODY)).await;
        let body = body.ok().and_then(Result::ok).map(|(body, _)| body.to_vec()).unwrap_or_default();
        (reporter.status(status, &headers, &body, self.clock.now()), body)
    }

    async fn begin(
        &self,
        wire: &dyn Wire,
        request: &ModelRequest,
        asked: u64,
        permit: Option<Permit>,
    ) -> Result<ModelStream, ModelError> {
        let model = &request.model;
        let mut reporter = Reporter::new(Arc::clone(model));
        let deadlines = Deadlines::from_now(model.first_token_timeout_ms, model.timeout_ms);
        let response = match deadlines.next(false) {
            None => self.ask(wire, request, &mut reporter).await?,
            Some((until, after, what)) => timeout_at(until, self.ask(wire, request, &mut reporter))
                .await
                .map_err(|_| Reporter::new(Arc::clone(model)).timeout(what, after))??,
        };
        let seed = Uuid::new_v4().simple().to_string().split_off(16);
        let flow = Flow {
            body: Some(response.into_body()),
            decoding: Decoding::new(wire.decoder(), wire.lines(), seed, asked),
            reporter,
            deadlines,
            permit,
            drains: self.drains.clone(),
            grace: None,
            failure: None,
        };
        Ok(flow.into_stream())
    }
}

#[async_trait]
impl ModelClient for Models {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let model = &request.model;
        let Some(wire) = wire(model.protocol) else { return Err(Reporter::new(Arc::clone(model)).protocol()) };
        let asked = characters(&request);
        let tokens = estimate(asked, 0).input_tokens;
        let permit = self.limits.admit(&model.name, &model.limits, tokens).await;
        self.begin(wire, &request, asked, permit).await
    }
}
