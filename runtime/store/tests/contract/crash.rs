//! A process that is killed while it writes loses nothing that it was told is written.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use tokio::task::JoinSet;
use troupe_core::id::RunId;
use troupe_core::port::RunStore;
use troupe_store::{Store, StoreOptions};

use crate::fixture::*;

/// Names the data directory in the child; its absence makes [`the_child_of_the_crash_test`] do nothing.
const FOLDER: &str = "TROUPE_STORE_CRASH_TEST";

/// How many acknowledged appends the child is killed after.
const ACKNOWLEDGED: usize = 400;

/// Writes until it is killed; each acknowledged append is a line `ROOT SEQ`. Only [`FOLDER`] makes it do anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_child_of_the_crash_test() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::open(StoreOptions::new(folder, Standing::new(START))).await.unwrap();
    let mut writers = JoinSet::new();
    for n in 0..16 {
        let store = store.clone();
        writers.spawn(async move {
            let new = run_in(&format!("session-{n}"), START + n);
            let root = new.root;
            store.create(new).await.unwrap();
            for seq in 2.. {
                store.append(append(root, seq, seq)).await.unwrap();
                writeln!(std::io::stdout().lock(), "\nacknowledged {root} {seq}").unwrap();
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_child_of_the_crash_test", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < ACKNOWLEDGED {
        acknowledged.extend(parse(&lines.next().expect("the child ended by itself").unwrap()));
    }
    // SIGKILL, in the middle of whatever it does.
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| parse(&line)));

    let store = Store::open(StoreOptions::new(folder.path(), Standing::new(START))).await.unwrap();
    for (root, seq) in acknowledged {
        let journal = store.journal(root).await.unwrap().unwrap();
        let numbers: Vec<u64> = journal.events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "run {root} has a gap");
        assert!(numbers.len() as u64 >= seq, "run {root}: event {seq} was acknowledged and is lost");
    }
    assert_eq!(store.claim(OWNER, START + 9, START + 1, 99).await.unwrap().len(), 16, "all are resumed at once");
}

/// A whole line of the child's; the last one may be cut off, and then was not told to anybody.
fn parse(line: &str) -> Option<(RunId, u64)> {
    let (root, seq) = line.strip_prefix("acknowledged ")?.split_once(' ')?;
    Some((RunId::parse(root)?, seq.parse().ok()?))
}
