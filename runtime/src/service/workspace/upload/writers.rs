//! Who writes which piece at this moment, in this process: one at a time, the newest wins, and none while its upload is
//! completed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

/// Shared by all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uploads {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    pieces: HashMap<(String, usize), Piece>,
    /// Uploads that are completed at this moment, each with what tells that it is over.
    closing: HashMap<String, CancellationToken>,
}

/// A piece that somebody writes.
#[derive(Debug, Default)]
struct Piece {
    /// Whoever writes holds it, and so does each write to the disk that is under way: what a client that is gone sent
    /// last is on the disk before the next one begins.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Ends whoever is newest.
    stop: CancellationToken,
    received: Arc<AtomicU64>,
    writers: usize,
}

/// The turn of one writer; it is over when the last clone goes.
#[derive(Clone, Debug)]
pub(super) struct Turn(Arc<Held>);

#[derive(Debug)]
struct Held {
    uploads: Uploads,
    key: (String, usize),
    stop: CancellationToken,
    received: Arc<AtomicU64>,
    /// Given back before the piece is forgotten.
    turn: Option<OwnedMutexGuard<()>>,
}

/// The upload is completed at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closing;

/// An upload that nobody may write to while this is there.
#[derive(Debug)]
pub(super) struct Closed {
    uploads: Uploads,
    id: String,
    over: CancellationToken,
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn to write a piece; whoever writes it is ended.
    pub(super) async fn turn(&self, id: &str, chunk: usize) -> Result<Turn, Closing> {
        let key = (id.to_owned(), chunk);
        let (turn, mut held) = {
            let mut state = self.lock();
            if state.closing.contains_key(id) {
                return Err(Closing);
            }
            let piece = state.pieces.entry(key.clone()).or_default();
            piece.stop.cancel();
            piece.stop = CancellationToken::new();
            piece.received = Arc::default();
            piece.writers += 1;
            let (stop, received) = (piece.stop.clone(), Arc::clone(&piece.received));
            let held = Held { uploads: self.clone(), key, stop, received, turn: None };
            (Arc::clone(&piece.turn), held)
        };
        held.turn = Some(turn.lock_owned().await);
        Ok(Turn(Arc::new(held)))
    }

    /// How many bytes of a piece came, where it is written at this moment.
    pub(super) fn received(&self, id: &str, chunk: usize) -> Option<u64> {
        let state = self.lock();
        state.pieces.get(&(id.to_owned(), chunk)).map(|piece| piece.received.load(Ordering::Relaxed))
    }

    /// Keeps writers away from an upload, after whoever else does; `None` while there are some.
    pub(super) async fn close(&self, id: &str) -> Option<Closed> {
        loop {
            match self.try_close(id)? {
                Ok(closed) => return Some(closed),
                Err(another) => another.cancelled().await,
            }
        }
    }

    /// The same at once, or what tells that another one is done with it.
    fn try_close(&self, id: &str) -> Option<Result<Closed, CancellationToken>> {
        let mut state = self.lock();
        if let Some(another) = state.closing.get(id) {
            return Some(Err(another.clone()));
        }
        if state.pieces.keys().any(|(upload, _)| upload == id) {
            return None;
        }
        let over = CancellationToken::new();
        state.closing.insert(id.to_owned(), over.clone());
        Some(Ok(Closed { uploads: self.clone(), id: id.to_owned(), over }))
    }

    /// Ends whoever writes to an upload.
    pub(super) fn stop(&self, id: &str) {
        let state = self.lock();
        state.pieces.iter().filter(|((upload, _), _)| upload == id).for_each(|(_, piece)| piece.stop.cancel());
    }
}

impl Turn {
    /// Waits until another one is to write, or nobody any more.
    pub(super) async fn is_over(&self) {
        self.0.stop.cancelled().await;
    }

    /// Says how many bytes came.
    pub(super) fn came(&self, bytes: u64) {
        self.0.received.store(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.turn.take());
        let mut state = self.uploads.lock();
        if let Some(piece) = state.pieces.get_mut(&self.key) {
            piece.writers -= 1;
            if piece.writers == 0 {
                state.pieces.remove(&self.key);
            }
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.uploads.lock().closing.remove(&self.id);
        self.over.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_writer_of_a_piece_ends_the_one_before_and_waits_for_what_it_writes() {
        let uploads = Uploads::default();
        let first = uploads.turn("a", 0).await.unwrap();
        let writing = first.clone();
        first.came(7);
        assert_eq!(uploads.received("a", 0), Some(7));
        let mut second = Box::pin(uploads.turn("a", 0));
        assert!(futures::poll!(&mut second).is_pending());
        first.is_over().await;
        drop(first);
        assert!(futures::poll!(&mut second).is_pending(), "a write of the first is under way");
        drop(writing);
        let second = second.await.unwrap();
        assert_eq!(uploads.received("a", 0), Some(0));
        drop(second);
        assert_eq!(uploads.received("a", 0), None);
    }

    #[tokio::test]
    async fn an_upload_is_completed_only_while_nobody_writes() {
        let uploads = Uploads::default();
        let turn = uploads.turn("a", 1).await.unwrap();
        assert!(uploads.close("a").await.is_none() && uploads.close("b").await.is_some());
        drop(turn);
        let closed = uploads.close("a").await.unwrap();
        assert_eq!(uploads.turn("a", 0).await.err(), Some(Closing));
        drop(closed);
        assert!(uploads.turn("a", 0).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_completes_an_upload_too_waits_for_the_first() {
        let uploads = Uploads::default();
        let first = uploads.close("a").await.unwrap();
        let mut second = Box::pin(uploads.close("a"));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.is_some());
    }

    #[tokio::test]
    async fn one_that_does_not_wait_any_more_leaves_nothing() {
        let uploads = Uploads::default();
        let first = uploads.turn("a", 0).await.unwrap();
        let mut second = Box::pin(uploads.turn("a", 0));
        assert!(futures::poll!(&mut second).is_pending());
        drop((second, first));
        assert_eq!(uploads.received("a", 0), None);
    }
}
