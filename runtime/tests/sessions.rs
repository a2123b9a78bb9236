//! Sessions over HTTP: the list, one of them, revoking, deleting, the feed, titles, summaries, retention.

#[cfg(test)]
#[path = "sessions/compaction.rs"]
mod compaction;
#[cfg(test)]
#[path = "sessions/events.rs"]
mod events;
#[cfg(test)]
#[path = "sessions/kept.rs"]
mod kept;
#[cfg(test)]
#[path = "sessions/routes.rs"]
mod routes;
#[cfg(test)]
#[path = "sessions/setting.rs"]
mod setting;
#[cfg(test)]
#[path = "sessions/titles.rs"]
mod titles;
