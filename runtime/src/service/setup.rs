//! The installer (S1-184 to S1-186): a script with this very program and the resources in it, never with a secret.
//!
//! What goes in is made of what the catalog holds, not of files: Secrets are not among it, broken documents neither, and
//! what a manifest says in clear that looks like a key is left out.

mod archive;
mod redact;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use troupe_crds::Kind;

use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::shown;
use crate::wire::timestamp;
use archive::{Archive, Base64Lines};

/// The script before and after what is packed into it.
const SCRIPT: &str = include_str!("setup/install.sh");

/// Where in the script the packed files go.
const PAYLOAD: &str = "@PAYLOAD@\n";

/// Pieces of the script that wait for a client to take them, and how large one is, in bytes.
const WAITING: usize = 4;
const PIECE: usize = 64 * 1_024;

/// A program that is built to be debugged is large, and so is the time to compress it.
const COMPRESSION: Compression = if cfg!(debug_assertions) { Compression::none() } else { Compression::fast() };

/// What is packed.
struct Package {
    program: File,
    length: u64,
    /// Paths and contents of small files.
    files: Vec<(String, Vec<u8>)>,
}

impl App {
    /// The installer's text, made while it is sent.
    ///
    /// # Errors
    /// When this program's own file cannot be read.
    pub fn setup(self: &Arc<Self>) -> Result<ReceiverStream<io::Result<Bytes>>, Problem> {
        let package = self.package().map_err(|error| Problem::internal(&error))?;
        let (before, after) = SCRIPT.split_once(PAYLOAD).unwrap_or((SCRIPT, ""));
        let (pieces, stream) = mpsc::channel(WAITING);
        self.tasks.spawn_blocking(move || {
            let mut sender = Sender { pieces, gathered: Vec::with_capacity(PIECE) };
            let done = write(&package, before, after, &mut sender).and_then(|()| sender.flush());
            if let Err(error) = done {
                // A script that is not whole does nothing; most often its reader is gone.
                tracing::debug!(%error, "an installer was not sent whole");
                drop(sender.pieces.blocking_send(Err(error)));
            }
        });
        Ok(ReceiverStream::new(stream))
    }

    fn package(&self) -> io::Result<Package> {
        let program = File::open(std::env::current_exe()?)?;
        let length = program.metadata()?.len();
        let view = self.catalog.view();
        let (mut files, mut left_out, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
        for entry in Kind::ALL.into_iter().flat_map(|kind| view.list(kind)) {
            let Some(resource) = shown(entry) else { continue };
            let Some(mut manifest) = resource.to_manifest().ok().flatten() else { continue };
            left_out.extend(redact::redact(&mut manifest, &format!("{} {}", entry.kind, entry.name)));
            let used = troupe_rules::references(resource).secrets;
            secrets.extend(used.into_iter().map(|used| format!("{} {}", used.name, used.key)));
            let text = serde_yaml::to_string(&own_parts(&manifest)).map_err(io::Error::other)?;
            files.push((format!("resources/{}-{}.yaml", entry.kind.plural(), entry.name), text.into_bytes()));
        }
        secrets.sort();
        secrets.dedup();
        let told = json!({
            "name": "troupe",
            "version": env!("CARGO_PKG_VERSION"),
            "generated_at": timestamp(self.clock.now()),
            "system": std::env::consts::OS,
            "machine": std::env::consts::ARCH,
        });
        files.push(("manifest.json".to_owned(), format!("{told:#}\n").into_bytes()));
        files.push(("missing.txt".to_owned(), missing(&secrets, &left_out).into_bytes()));
        Ok(Package { program, length, files })
    }
}

/// A manifest without what a cluster or this service adds.
fn own_parts(manifest: &Value) -> Value {
    let metadata = &manifest["metadata"];
    let kept = ["name", "labels", "annotations"].into_iter().filter_map(|field| {
        let value = metadata.get(field).filter(|value| !value.is_null())?;
        Some((field.to_owned(), value.clone()))
    });
    let mut kept: serde_json::Map<String, Value> = kept.collect();
    // kubectl keeps a whole second manifest there, as it was sent.
    if let Some(Value::Object(annotations)) = kept.get_mut("annotations") {
        annotations.retain(|name, _| !name.starts_with("kubectl.kubernetes.io/"));
    }
    json!({
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": kept,
        "spec": manifest["spec"],
    })
}

/// What the person who installs has to add, for the end of the installation; empty for nothing.
fn missing(secrets: &[String], left_out: &[String]) -> String {
    let mut told = String::new();
    for secret in secrets {
        let (name, key) = secret.split_once(' ').unwrap_or((secret, ""));
        // Writing into a String does not fail.
        let _ = writeln!(told, "Secret {name:?} needs a value for {key:?}: {}", variable(name, key));
    }
    for place in left_out {
        let _ = writeln!(told, "{place} held what looked like a key, and was left out");
    }
    told
}

/// The variable that gives a Secret's key its value.
fn variable(name: &str, key: &str) -> String {
    let upper = |text: &str| {
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
        text.chars().map(letter).collect::<String>()
    };
    format!("TROUPE_SECRET_{}_{}", upper(name), upper(key))
}

fn write(package: &Package, before: &str, after: &str, to: &mut impl Write) -> io::Result<()> {
    to.write_all(filled(before).as_bytes())?;
    let mut lines = Base64Lines::new(&mut *to);
    let mut archive = Archive::new(GzEncoder::new(&mut lines, COMPRESSION));
    archive.file("app/troupe", 0o755, package.length, &mut &package.program)?;
    for (path, content) in &package.files {
        archive.file(path, 0o644, u64::try_from(content.len()).unwrap_or_default(), &mut content.as_slice())?;
    }
    archive.finish()?.finish()?;
    lines.finish()?;
    to.write_all(filled(after).as_bytes())
}

fn filled(script: &str) -> String {
    let machine = std::env::consts::ARCH;
    script.replace("@MACHINE@", machine).replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

/// Sends what is written to whoever reads the answer.
struct Sender {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_one_place_for_what_is_packed() {
        assert_eq!(SCRIPT.matches(PAYLOAD).count(), 1);
        let (before, after) = SCRIPT.split_once(PAYLOAD).unwrap();
        assert!(before.starts_with("#!/bin/sh\n") && after.ends_with("main\n"));
        let whole = filled(SCRIPT);
        assert!(!whole.contains("@MACHINE@") && !whole.contains("@VERSION@"));
    }

    #[test]
    fn secrets_are_named_with_the_variables_that_give_them() {
        let told = missing(&["model-keys openai.key".to_owned()], &["Tool a spec.http.headers[0]".to_owned()]);
        assert!(told.contains("TROUPE_SECRET_MODEL_KEYS_OPENAI_KEY"), "{told}");
        assert!(told.ends_with("Tool a spec.http.headers[0] held what looked like a key, and was left out\n"));
    }
}
