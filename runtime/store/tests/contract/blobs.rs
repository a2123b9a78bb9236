//! Payloads by their address.

use bytes::Bytes;
use futures::future::join_all;
use troupe_core::id::ContentHash;
use troupe_core::port::RunStore;

use crate::fixture::*;

#[tokio::test]
async fn a_blob_is_read_back_by_its_address_after_a_restart_too() {
    let fixture = Fixture::new().await;
    let content = Bytes::from(vec![7; 300_000]);
    let hash = fixture.store.put_blob(content.clone()).await.unwrap();
    assert_eq!(hash, ContentHash::of(&content));
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.store.blob(&hash).await.unwrap(), Some(content));
}

#[tokio::test]
async fn equal_blobs_are_one() {
    let fixture = Fixture::new().await;
    let stored = join_all((0..8).map(|_| fixture.store.put_blob(Bytes::from_static(b"same")))).await;
    let hashes: Vec<ContentHash> = stored.into_iter().map(Result::unwrap).collect();
    assert!(hashes.iter().all(|hash| *hash == hashes[0]));
    let shard = fixture.folder.path().join("blobs").join(&hashes[0].0[..2]);
    assert_eq!(std::fs::read_dir(shard).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(fixture.folder.path().join("blobs/unfinished")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_no_address_is_no_blob() {
    let fixture = Fixture::new().await;
    for name in ["", "../troupe.db", "zz", &"0".repeat(64)] {
        assert_eq!(fixture.store.blob(&ContentHash(name.to_owned())).await.unwrap(), None, "{name}");
    }
}
