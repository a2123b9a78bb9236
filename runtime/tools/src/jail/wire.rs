//! What the runtime and its sandbox say to each other over the socket between them.
//!
//! A connection carries one request and its replies, each a frame: four bytes of length, then the frame. A request is
//! JSON. A reply begins with a byte that says what it is. The end of the client's half of the connection means "end the
//! command"; what it wrote until then still comes back.

use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::Why;
use super::error::JailError;
use super::job::{End, Job};

/// Counted up when one side would no longer understand the other: the two may be of different images.
pub(super) const VERSION: u32 = 1;

/// The longest request, in bytes: sources and arguments of functions, and long command lines.
pub(super) const LONGEST_REQUEST: usize = 64 << 20;

/// The longest reply, in bytes. Output and files come in pieces.
const LONGEST_REPLY: usize = 1 << 20;

/// A piece of a file that is brought back, in bytes.
pub(super) const PIECE: usize = 256 << 10;

/// What the runtime asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// [`VERSION`] of the one who asks.
    pub(super) version: u32,
    /// The command to run; none = whether commands can be confined.
    pub(super) job: Option<Job>,
}

/// What the sandbox answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Commands can run.
    Ready,
    /// The command's turn has come; until here nothing was run.
    Started,
    /// A piece of its output.
    Output(Bytes),
    /// A piece of the file that it was asked for.
    Collected(Bytes),
    /// It ended; the last reply. `true`: there is a file, all of which came before.
    Ended(End, bool),
    /// It cannot run; the last reply.
    Refused(Refusal),
}

/// Why a command cannot run, as far as the runtime tells the difference.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {
    /// The machine cannot confine commands.
    Unsupported(Why),
    /// The workspace holds what no command may see.
    Protected(PathBuf, PathBuf),
    /// It did not start.
    Start(String),
    /// Anything else, in words.
    Other(String),
}

impl From<JailError> for Refusal {
    fn from(error: JailError) -> Self {
        match error {
            JailError::Unsupported(why) => Self::Unsupported(why),
            JailError::Protected { workspace, protected } => Self::Protected(workspace, protected),
            JailError::Start(why) => Self::Start(why),
            other => Self::Other(crate::bash::chain(&other)),
        }
    }
}

impl From<Refusal> for JailError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unsupported(why) => Self::Unsupported(why),
            Refusal::Protected(workspace, protected) => Self::Protected { workspace, protected },
            Refusal::Start(why) => Self::Start(why),
            Refusal::Other(why) => Self::Refused(why),
        }
    }
}

/// Reads frames of one side.
pub(super) type Reader = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;

/// Writes frames of one side.
pub(super) type Writer = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// The two directions as the runtime has them.
pub(super) fn client(stream: UnixStream) -> (Reader, Writer) {
    halves(stream, LONGEST_REPLY, LONGEST_REQUEST)
}

/// The two directions as the sandbox has them.
pub(super) fn server(stream: UnixStream) -> (Reader, Writer) {
    halves(stream, LONGEST_REQUEST, LONGEST_REPLY)
}

fn halves(stream: UnixStream, read: usize, write: usize) -> (Reader, Writer) {
    let codec = |most| LengthDelimitedCodec::builder().max_frame_length(most).new_codec();
    let (reader, writer) = stream.into_split();
    (FramedRead::new(reader, codec(read)), FramedWrite::new(writer, codec(write)))
}

impl Reply {
    /// The frame of this reply.
    pub(super) fn encode(&self) -> io::Result<Bytes> {
        let (kind, rest) = match self {
            Self::Ready => (b'r', Bytes::new()),
            Self::Started => (b's', Bytes::new()),
            Self::Output(piece) => (b'o', piece.clone()),
            Self::Collected(piece) => (b'c', piece.clone()),
            Self::Ended(end, file) => (b'e', serde_json::to_vec(&(end, file))?.into()),
            Self::Refused(refusal) => (b'x', serde_json::to_vec(refusal)?.into()),
        };
        let mut frame = BytesMut::with_capacity(rest.len() + 1);
        frame.extend_from_slice(&[kind]);
        frame.extend_from_slice(&rest);
        Ok(frame.freeze())
    }

    /// The reply of a frame.
    pub(super) fn decode(frame: BytesMut) -> io::Result<Self> {
        let mut rest = frame.freeze();
        let kind = (!rest.is_empty()).then(|| rest.split_to(1)[0]);
        Ok(match kind {
            Some(b'r') => Self::Ready,
            Some(b's') => Self::Started,
            Some(b'o') => Self::Output(rest),
            Some(b'c') => Self::Collected(rest),
            Some(b'e') => {
                let (end, file) = serde_json::from_slice(&rest)?;
                Self::Ended(end, file)
            }
            Some(b'x') => Self::Refused(serde_json::from_slice(&rest)?),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Resource;
    use super::*;

    #[test]
    fn replies_come_back_as_they_were_and_nonsense_is_an_error() {
        let replies = [
            Reply::Ready,
            Reply::Started,
            Reply::Output(Bytes::from_static(b"\xff\0o")),
            Reply::Collected(Bytes::new()),
            Reply::Ended(End::Exceeded(Resource::Memory), true),
            Reply::Refused(Refusal::Unsupported(Why::NoLandlock)),
            Reply::Refused(Refusal::Other("no".to_owned())),
        ];
        for reply in replies {
            assert_eq!(Reply::decode(BytesMut::from(&reply.encode().unwrap()[..])).unwrap(), reply);
        }
        for frame in [&b""[..], b"?", b"e[", b"x7"] {
            assert!(Reply::decode(BytesMut::from(frame)).is_err(), "{frame:?}");
        }
    }
}
