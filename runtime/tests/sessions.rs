//! Sessions over HTTP: the list, one of them, revoking, deleting, the feed, titles, summaries, retention.

#[path = "sessions/compaction.rs"]
mod compaction;
#[path = "sessions/events.rs"]
mod events;
#[path = "sessions/routes.rs"]
mod routes;
#[path = "sessions/setting.rs"]
mod setting;
#[path = "sessions/titles.rs"]
mod titles;
