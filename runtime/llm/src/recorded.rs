//! Recorded streams (`tests/streams/<protocol>/*`): each decodes to its golden file, however its bytes are cut.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use troupe_core::model::{ModelEvent, Protocol};

use crate::decode::{Decoding, Fault};
use crate::protocol::wire;

/// What a stream decodes to: the events, neighbouring texts of one kind joined, and how it ended.
#[derive(Clone, Debug, PartialEq)]
struct Decoded {
    events: Vec<ModelEvent>,
    end: Result<(), Fault>,
}

/// Decodes `body` in chunks that end at `cuts`.
fn decode(protocol: Protocol, body: &[u8], cuts: &[usize]) -> Decoded {
    let wire = wire(protocol).unwrap();
    let mut decoding = Decoding::new(wire.decoder(), wire.lines(), "seed".to_owned(), 40);
    let mut events = Vec::new();
    let mut from = 0;
    let mut end = Ok(());
    for to in cuts.iter().copied().chain([body.len()]) {
        end = decoding.push(&body[from..to]);
        events.extend(std::iter::from_fn(|| decoding.pop()));
        from = to;
        if end.is_err() || decoding.is_done() {
            break;
        }
    }
    let end = end.and_then(|()| decoding.end());
    events.extend(std::iter::from_fn(|| decoding.pop()));
    Decoded { events, end }
}

fn streams() -> Vec<(Protocol, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams");
    let folders = [(Protocol::OpenAI, "openai"), (Protocol::Anthropic, "anthropic"), (Protocol::Ollama, "ollama")];
    let mut streams = Vec::new();
    for (protocol, name) in folders {
        let files = std::fs::read_dir(folder.join(name)).unwrap();
        streams.extend(files.map(|file| (protocol, file.unwrap().path())));
    }
    streams.sort_by_key(|(_, path)| path.clone());
    streams
}

#[test]
fn every_recorded_stream_decodes_to_its_golden_file() {
    for (protocol, path) in streams() {
        let name = format!("{protocol:?}_{}", path.file_stem().unwrap().display());
        let decoded = decode(protocol, &std::fs::read(&path).unwrap(), &[]);
        insta::assert_snapshot!(name, format!("{decoded:#?}"));
    }
}

#[test]
fn every_recorded_stream_decodes_alike_wherever_it_is_cut() {
    for (protocol, path) in streams() {
        let body = std::fs::read(&path).unwrap();
        let whole = decode(protocol, &body, &[]);
        for cut in 0..=body.len() {
            assert_eq!(decode(protocol, &body, &[cut]), whole, "{} cut at {cut}", path.display());
        }
        let bytes: Vec<usize> = (0..body.len()).collect();
        assert_eq!(decode(protocol, &body, &bytes), whole, "{} byte by byte", path.display());
    }
}

#[test]
fn line_ends_of_every_kind_decode_alike() {
    for (protocol, path) in streams() {
        let body = std::fs::read_to_string(&path).unwrap();
        let whole = decode(protocol, body.as_bytes(), &[]);
        if protocol != Protocol::Ollama {
            assert_eq!(
                decode(protocol, body.replace('\n', "\r").as_bytes(), &[]).events,
                whole.events,
                "{}",
                path.display()
            );
        }
        assert_eq!(
            decode(protocol, body.replace('\n', "\r\n").as_bytes(), &[]).events,
            whole.events,
            "{}",
            path.display()
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_an_error_and_never_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        protocol in 0..3_usize,
    ) {
        let protocol = [Protocol::OpenAI, Protocol::Anthropic, Protocol::Ollama][protocol];
        prop_assert!(decode(protocol, &bytes, &[]).end.is_err());
    }

    #[test]
    fn a_recorded_stream_with_wrong_bytes_is_an_answer_or_an_error_and_never_a_panic(
        place in any::<proptest::sample::Index>(),
        wrong in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let streams = streams();
        let (protocol, path) = &streams[place.index(streams.len())];
        let mut body = std::fs::read(path).unwrap();
        for (at, byte) in wrong {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let decoded = decode(*protocol, &body, &[]);
        let finished = matches!(decoded.events.last(), Some(ModelEvent::Finished(_)));
        prop_assert_eq!(decoded.end.is_ok(), finished);
    }

    #[test]
    fn a_recorded_stream_that_is_cut_off_never_passes_for_a_whole_one(
        place in any::<proptest::sample::Index>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let streams = streams();
        let (protocol, path) = &streams[place.index(streams.len())];
        let body = std::fs::read(path).unwrap();
        let whole = decode(*protocol, &body, &[]);
        let part = decode(*protocol, &body[..cut.index(body.len())], &[]);
        let finished = |decoded: &Decoded| decoded.events.iter().any(|event| matches!(event, ModelEvent::Finished(_)));
        let says = |decoded: &Decoded| -> Vec<ModelEvent> {
            let said = |event: &&ModelEvent| !matches!(event, ModelEvent::Usage(_) | ModelEvent::Finished(_));
            decoded.events.iter().filter(said).cloned().collect()
        };
        prop_assert!(says(&whole).starts_with(&says(&part)));
        prop_assert_eq!(part.end.is_ok(), finished(&part));
        if part.end.is_ok() {
            prop_assert_eq!(says(&part), says(&whole));
        }
    }
}
