//! A response body that follows steps: send, wait, fall silent, break the connection.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::sleep,
};

/// One step of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write these bytes.
    Send(Bytes),
    /// Wait; what was sent before is flushed meanwhile.
    Wait(Duration),
    /// Wait until the test lets one held answer go on; what was sent before is flushed meanwhile.
    Hold,
    /// Never go on.
    Stall,
    /// Flush what was sent, then break the connection.
    Break(Ending),
}

/// How a connection is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// FIN: an orderly close.
    Close,
    /// RST.
    Reset,
}

/// The way from a body or handler to its connection: asks for the connection to be broken.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    reset: AtomicBool,
    asked: Notify,
}

impl Breaker {
    /// Asks for the end.
    pub(crate) fn trip(&self, ending: Ending) {
        self.reset.store(ending == Ending::Reset, Ordering::Release);
        self.asked.notify_one();
    }

    /// Waits until an end is asked for.
    pub(crate) async fn tripped(&self) -> Ending {
        self.asked.notified().await;
        if self.reset.load(Ordering::Acquire) { Ending::Reset } else { Ending::Close }
    }
}

/// A body that follows its steps.
pub(crate) struct SteppedBody {
    steps: VecDeque<Step>,
    /// What the first step waits for, once it began to wait.
    waiting: Option<Waiting>,
    flushed: bool,
    breaker: Arc<Breaker>,
    holds: Arc<Holds>,
}

/// What ends a pause.
type Waiting = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Where held answers wait, and how many may go on.
#[derive(Debug)]
pub(crate) struct Holds {
    permits: Semaphore,
    waiting: watch::Sender<usize>,
}

impl Holds {
    /// Nothing is held, and nothing may go on.
    pub(crate) fn new() -> Self {
        Self { permits: Semaphore::new(0), waiting: watch::Sender::new(0) }
    }

    /// Lets so many answers go on, now or when they come to their hold.
    pub(crate) fn release(&self, answers: usize) {
        self.permits.add_permits(answers);
    }

    /// Waits until so many answers have come to their hold since the start, whether they went on or not.
    pub(crate) async fn reach(&self, wanted: usize) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.waiting.subscribe().wait_for(|held| *held >= wanted).await;
    }

    async fn hold(self: Arc<Self>) {
        self.waiting.send_modify(|held| *held += 1);
        // The semaphore is never closed.
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }
}

impl SteppedBody {
    /// A body of these steps on the connection of this breaker.
    pub(crate) fn new(steps: Vec<Step>, breaker: Arc<Breaker>, holds: Arc<Holds>) -> Self {
        Self { steps: steps.into(), waiting: None, flushed: false, breaker, holds }
    }

    /// Waits out a pause (a hold, if it has no length); ready when it is over.
    fn wait(&mut self, pause: Option<Duration>, context: &mut Context<'_>) -> Poll<()> {
        let holds = &self.holds;
        let waiting = self.waiting.get_or_insert_with(|| match pause {
            Some(pause) => Box::pin(sleep(pause)),
            None => Box::pin(Arc::clone(holds).hold()),
        });
        let over = waiting.as_mut().poll(context);
        if over.is_ready() {
            self.waiting = None;
            self.steps.pop_front();
        }
        over
    }

    /// hyper flushes what it has whenever a body is pending: so the break comes one turn later than the last bytes.
    fn break_off(&mut self, ending: Ending, context: &mut Context<'_>) {
        if self.flushed {
            self.steps[0] = Step::Stall;
            self.breaker.trip(ending);
        } else {
            self.flushed = true;
            context.waker().wake_by_ref();
        }
    }
}

impl Body for SteppedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            match self.steps.front() {
                None => return Poll::Ready(None),
                Some(Step::Stall) => return Poll::Pending,
                Some(Step::Wait(pause)) => {
                    let pause = *pause;
                    std::task::ready!(self.wait(Some(pause), context));
                }
                Some(Step::Hold) => std::task::ready!(self.wait(None, context)),
                Some(Step::Break(ending)) => {
                    let ending = *ending;
                    self.break_off(ending, context);
                    return Poll::Pending;
                }
                Some(Step::Send(_)) => {
                    if let Some(Step::Send(bytes)) = self.steps.pop_front() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
