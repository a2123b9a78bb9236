//! Goes on with a stream behind the last frame that a reader has: the framer is told everything, the reader what is new.

use troupe_core::stream::{Item, ItemId};

use super::{Frame, Framer};

/// Another framer's frames, behind an id.
pub struct Resuming<F> {
    inner: F,
    after: ItemId,
    /// The last item at or before `after`.
    reached: Option<ItemId>,
    behind: bool,
}

impl<F: Framer> Resuming<F> {
    /// The frames of `inner` behind `after`. Items must come from the stream's beginning.
    pub fn new(inner: F, after: ItemId) -> Self {
        Self { inner, after, reached: None, behind: false }
    }
}

impl<F: Framer> Framer for Resuming<F> {
    fn frames(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        if item.id() <= self.after {
            self.reached = Some(item.id());
            self.inner.frames(item, &mut Vec::new());
            return;
        }
        if !self.behind {
            self.behind = true;
            if self.after.n > 0 && self.reached != Some(self.after) {
                self.inner.missed();
            }
        }
        self.inner.frames(item, frames);
    }

    fn end(&mut self, frames: &mut Vec<Frame>) {
        self.inner.end(frames);
    }

    fn missed(&mut self) {
        self.inner.missed();
    }

    fn is_over(&self) -> bool {
        self.inner.is_over()
    }
}

impl Framer for Box<dyn Framer> {
    fn frames(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        (**self).frames(item, frames);
    }

    fn end(&mut self, frames: &mut Vec<Frame>) {
        (**self).end(frames);
    }

    fn missed(&mut self) {
        (**self).missed();
    }

    fn is_over(&self) -> bool {
        (**self).is_over()
    }
}
