//! The one generic runner of controllers: bounded, and guarded so that no object stops another.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use troupe_crds::Kind;

use crate::{apply::ApplyError, child::WriteError, context::Context, key::Key, metrics::Outcome};

/// The longest look at one object: a request or two that time out.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Why a look at an object failed; it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Something could not be written.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// An object could not be built.
    #[error(transparent)]
    Build(#[from] WriteError),
    /// It took too long.
    #[error("gave up after {} s", TIMEOUT.as_secs())]
    Timeout,
}

impl ReconcileError {
    /// Whether the namespace is being deleted, so that the object is left alone.
    fn is_terminating(&self) -> bool {
        matches!(self, Self::Apply(error) if error.is_terminating())
    }
}

/// The controller of one kind.
pub trait Controller: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> Kind;

    /// Looks at one object, which may be gone, and makes everything as it should be. Not ready is a status, no error.
    fn reconcile(&self, context: &Context, key: &Key) -> impl Future<Output = Result<(), ReconcileError>> + Send;
}

/// Runs a controller until it is told to stop, and then until what it is looking at is done.
pub async fn run<C: Controller>(controller: C, context: Arc<Context>, stop: CancellationToken) {
    let controller = Arc::new(controller);
    let kind = controller.kind();
    let queue = context.world.queue(kind);
    let permits = Arc::new(Semaphore::new(context.settings.concurrency));
    let tasks = TaskTracker::new();
    loop {
        let permit = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            permit = Arc::clone(&permits).acquire_owned() => permit,
        };
        let key = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            key = queue.next() => key,
        };
        context.metrics.waiting(kind, queue.length());
        let (controller, context, queue) = (Arc::clone(&controller), Arc::clone(&context), Arc::clone(&queue));
        tasks.spawn(async move {
            match look(&*controller, &context, &key).await {
                Outcome::Success => queue.done(&key),
                Outcome::Error | Outcome::Panic => {
                    queue.failed(&key, jitter());
                }
            }
            drop(permit);
        });
    }
    tasks.close();
    tasks.wait().await;
}

/// Looks at one object. Whatever happens, others are not touched by it.
async fn look<C: Controller>(controller: &C, context: &Context, key: &Key) -> Outcome {
    let began = Instant::now();
    let look = async {
        let reconcile = tokio::time::timeout(TIMEOUT, controller.reconcile(context, key));
        reconcile.await.unwrap_or(Err(ReconcileError::Timeout))
    };
    let outcome = match AssertUnwindSafe(look).catch_unwind().await {
        Ok(Ok(())) => Outcome::Success,
        Ok(Err(error)) if error.is_terminating() => Outcome::Success,
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(object = %key, %error, source, "reconcile failed; it is tried again");
            Outcome::Error
        }
        Err(_) => {
            tracing::error!(object = %key, "reconcile panicked; it is tried again");
            Outcome::Panic
        }
    };
    context.metrics.reconciled(controller.kind(), outcome, began.elapsed().as_secs_f64());
    outcome
}

/// A number from 0 to 1, without a generator of its own: ids of version 4 are random.
fn jitter() -> f64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    #[expect(clippy::cast_precision_loss, reason = "a rough number is enough to spread waits")]
    let number = (low >> 11) as f64 / (1_u64 << 53) as f64;
    number
}
