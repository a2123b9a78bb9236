//! How an upload is cut into pieces (S1-177), as it is kept on disk.

use serde::{Deserialize, Serialize};

/// The most pieces that go at one time.
const MOST_THREADS: u32 = 32;

/// An upload as it was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Its id.
    pub(super) id: String,
    /// The file's name.
    pub(super) file_name: String,
    /// The file's size in bytes.
    pub(super) file_size: u64,
    /// Where it goes, below the workspace.
    pub(super) target_path: String,
    /// The session whose workspace is meant; none for the caller's. No path is kept: whoever works in the workspace could
    /// write another one here.
    pub(super) session: Option<String>,
    /// The pieces.
    pub(super) chunks: Vec<Span>,
    /// What became of it.
    pub(super) state: UploadState,
}

/// A piece of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    /// Its first byte.
    pub(super) offset: u64,
    /// How many bytes.
    pub(super) size: u64,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Pieces are sent.
    Uploading,
    /// The file is in its place.
    Completed,
    /// Nobody wants it any more.
    Cancelled,
}

/// Cuts a file: nothing of an empty one, a small one whole, else as many equal pieces as may go at one time.
pub(super) fn cut(size: u64, piece: u64, threads: u32) -> Vec<Span> {
    let piece = piece.max(1);
    if size == 0 {
        return Vec::new();
    }
    if size <= piece {
        return vec![Span { offset: 0, size }];
    }
    let count = u64::from(threads.clamp(1, MOST_THREADS)).min(size.div_ceil(piece));
    // The last one may be smaller.
    let each = size.div_ceil(count);
    let spans = (0..count).map(|number| number * each).take_while(|offset| *offset < size);
    spans.map(|offset| Span { offset, size: each.min(size - offset) }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_cut_as_s1_cuts_it() {
        let mega = 1_024 * 1_024;
        let sizes = |size| cut(size, 100 * mega, 5).iter().map(|span| span.size).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(100 * mega), [100 * mega]);
        assert_eq!(sizes(100 * mega + 1).len(), 2);
        assert_eq!(sizes(250 * mega).len(), 3);
        assert_eq!(sizes(10 * 1_024 * mega), [2 * 1_024 * mega; 5]);
        assert_eq!(cut(10 * mega, 1, 100).len(), 32);
    }

    proptest! {
        #[test]
        fn the_pieces_cover_the_file_and_nothing_else(size in 0_u64..1 << 40, piece in 0_u64..1 << 32, threads in 0_u32..100) {
            let spans = cut(size, piece, threads);
            let mut end = 0;
            for span in &spans {
                prop_assert_eq!(span.offset, end);
                prop_assert!(span.size > 0);
                end += span.size;
            }
            prop_assert_eq!(end, size);
            prop_assert!(spans.len() <= 32);
        }
    }
}
