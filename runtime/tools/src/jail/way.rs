//! The jail as tools see it: commands run here, or in a sandbox beside this process.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::client::Remote;
use super::error::JailError;
use super::job::{End, Job, Outcome};
use super::parent::Parent;
use super::settings::JailSettings;
use crate::budget::{Budget, FREE, Share};
use crate::output::Output;

/// Runs commands in the jail.
#[derive(Clone, Debug)]
pub struct Jail {
    way: Way,
    budget: Budget,
}

#[derive(Clone, Debug)]
enum Way {
    Here(Parent),
    There(Arc<Remote>),
}

/// How a command ended, and the file that it was asked for.
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) collected: Option<Vec<u8>>,
}

/// Takes what a command writes, as it comes.
pub(super) trait Sink: Send {
    /// Takes a piece; may wait until there is room for it, and the command waits too.
    fn push(&mut self, piece: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Takes a piece after the command was ended: nothing may wait for long any more.
    fn last(&mut self, piece: &[u8]) -> impl Future<Output = ()> + Send;
}

impl Jail {
    /// A jail whose commands' outputs share `budget`.
    pub fn new(settings: JailSettings, budget: Budget) -> Self {
        let way = match settings.remote.clone() {
            Some(remote) => Way::There(Arc::new(Remote::new(remote))),
            None => Way::Here(Parent::new(settings)),
        };
        Self { way, budget }
    }

    /// Whether commands can run as the settings ask. A sandbox beside this process is asked, and waited for.
    pub async fn ready(&self) -> Result<(), JailError> {
        match &self.way {
            Way::Here(parent) => Ok(parent.ready()?),
            Way::There(remote) => remote.ready().await,
        }
    }

    /// Runs one command and returns when it and all that it started are gone. `cancel` ends it; so does dropping this
    /// future, and the end of this process.
    pub async fn run(&self, job: &Job, cancel: &CancellationToken) -> Result<Outcome, JailError> {
        let mut kept =
            Kept { output: Output::new(job.output, job.max_output), budget: self.budget.clone(), share: None };
        let Ended { end, collected } = match &self.way {
            Way::Here(parent) => parent.run(job, &mut kept, cancel).await?,
            Way::There(remote) => remote.run(job, &mut kept, cancel).await?,
        };
        let (output, cut) = kept.output.finish();
        Ok(Outcome { end, output, cut, collected })
    }
}

/// Output that is kept. A large one first waits for its share of memory.
struct Kept {
    output: Output,
    budget: Budget,
    share: Option<Share>,
}

impl Sink for Kept {
    async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.output.push(piece);
        if self.share.is_none() && self.output.len() > FREE {
            self.share = Some(self.budget.share(self.output.most()).await);
        }
        Ok(())
    }

    async fn last(&mut self, piece: &[u8]) {
        if self.output.len() < FREE {
            self.output.push(piece);
        }
    }
}
