//! The files of a caller's workspace (group O): listed, searched, read, changed, on threads that may wait for disks.
//!
//! Which folder: the caller's workspace, or that of one of their sessions. S1's `restrict=0`, by which its server gave
//! any file of the machine, opens nothing here: whoever wants another folder's files makes it a session's workspace,
//! which is checked as for a run.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::change;
use super::content::{self, Content};
use super::item::FileInfo;
use super::list::{self, FileList, Folder, Tree};
use super::place::{FileError, Place};
use super::search::{self, Hits, Query, SearchIn};
use super::thumbnail::{EDGE, LONGEST_EDGE, Thumbnail, Thumbnails};
use super::upload::Uploads;
use crate::app::App;
use crate::http::error::Problem;
use crate::service::rights::Asker;

/// Searches at one time: each takes a few threads.
const SEARCHES: usize = 2;

/// The most files of one page.
const MOST_OF_PAGE: usize = 10_000;

/// The most files that a search may be told to give.
const MOST_FOUND: usize = 10_000;

/// What the files of all callers share.
#[derive(Clone)]
pub struct Files {
    pub(super) thumbnails: Thumbnails,
    pub(super) uploads: Uploads,
    searches: Arc<Semaphore>,
}

impl Default for Files {
    fn default() -> Self {
        let searches = Arc::new(Semaphore::new(SEARCHES));
        Self { thumbnails: Thumbnails::default(), uploads: Uploads::default(), searches }
    }
}

/// Where something is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Where<'request> {
    /// The path: whole, or below the workspace.
    pub path: &'request str,
    /// The session whose workspace is meant; none for the caller's.
    pub session: Option<&'request str>,
}

/// Which part of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// The page of this number, from 1, with so many files.
    ///
    /// # Errors
    /// A 400 that names which of the two is out of bounds.
    pub fn new(number: usize, size: usize) -> Result<Self, Problem> {
        if number == 0 {
            return Err(wrong("page", "pages are counted from 1"));
        }
        if size == 0 || size > MOST_OF_PAGE {
            return Err(wrong("page_size", &format!("use 1 to {MOST_OF_PAGE}")));
        }
        Ok(Self { number, size })
    }
}

/// The longest edge of a thumbnail, as a request says it.
///
/// # Errors
/// A 400 where it is out of bounds.
pub fn edge(size: Option<u32>) -> Result<u32, Problem> {
    let edge = size.unwrap_or(EDGE);
    if (16..=LONGEST_EDGE).contains(&edge) {
        Ok(edge)
    } else {
        Err(wrong("size", &format!("use 16 to {LONGEST_EDGE}")))
    }
}

impl App {
    /// A page of a folder (S1-165).
    pub async fn list_files(&self, asker: &Asker, at: Where<'_>, page: Page) -> Result<FileList, Problem> {
        self.at(asker, at, move |place, path| list::list(&place, &place.inside(&path)?, page.number, page.size)).await
    }

    /// A folder with those directly below it (S1-166).
    pub async fn tree(&self, asker: &Asker, at: Where<'_>) -> Result<Vec<Tree>, Problem> {
        self.at(asker, at, |place, path| list::tree(&place, &place.inside(&path)?)).await
    }

    /// The folders directly below one; of no path the workspace itself (S1-167).
    pub async fn folders(&self, asker: &Asker, at: Where<'_>) -> Result<Vec<Folder>, Problem> {
        self.at(asker, at, |place, path| {
            if path.is_empty() { Ok(vec![list::root(&place)]) } else { list::children(&place, &place.inside(&path)?) }
        })
        .await
    }

    /// Files that have what is looked for (S1-168). It ends when its caller is gone.
    pub async fn search_files(
        &self,
        asker: &Asker,
        at: Where<'_>,
        text: &str,
        target: SearchIn,
    ) -> Result<Hits, Problem> {
        let query = Query::new(text)?;
        let most = self.environment.kept_number("SEARCH_MAX_RESULTS").unwrap_or(self.settings.search_max_results);
        let most: usize = most.min(MOST_FOUND);
        let stop = CancellationToken::new();
        let _stop_with_caller = stop.clone().drop_guard();
        let Ok(turn) = Arc::clone(&self.files.searches).acquire_owned().await else {
            return Err(FileError::Ended.into());
        };
        self.at(asker, at, move |place, path| {
            let found = search::search(&place, &place.inside(&path)?, &query, (target, most), &stop);
            drop(turn);
            found
        })
        .await
    }

    /// Opens a file to be sent (S1-169, S1-170).
    pub async fn open_file(&self, asker: &Asker, at: Where<'_>) -> Result<Content, Problem> {
        self.at(asker, at, |place, path| content::open(&place, &place.inside(&path)?)).await
    }

    /// A small picture of a large one (S1-171), that fits into a square of `edge` pixels.
    pub async fn thumbnail(&self, asker: &Asker, at: Where<'_>, edge: u32) -> Result<Thumbnail, Problem> {
        let content = self.open_file(asker, at).await?;
        Ok(self.files.thumbnails.of(content, edge).await?)
    }

    /// Gives a file another name in its folder (S1-172).
    pub async fn rename_file(&self, asker: &Asker, at: Where<'_>, new: String) -> Result<FileInfo, Problem> {
        self.at(asker, at, move |place, path| change::rename(&place, &place.inside_it(&path, "renamed")?, &new)).await
    }

    /// Copies a file or a folder beside itself (S1-173).
    pub async fn duplicate_file(&self, asker: &Asker, at: Where<'_>) -> Result<FileInfo, Problem> {
        self.at(asker, at, |place, path| change::duplicate(&place, &place.inside_it(&path, "duplicated")?)).await
    }

    /// Deletes a file, or a folder with what is in it (S1-174); its whole path.
    pub async fn delete_file(&self, asker: &Asker, at: Where<'_>) -> Result<String, Problem> {
        self.at(asker, at, |place, path| change::delete(&place, &place.inside_it(&path, "deleted")?)).await
    }

    /// Makes a folder.
    pub async fn make_folder(&self, asker: &Asker, at: Where<'_>) -> Result<FileInfo, Problem> {
        self.at(asker, at, |place, path| change::make_folder(&place, &place.inside_it(&path, "made")?)).await
    }

    async fn at<T: Send + 'static>(
        &self,
        asker: &Asker,
        at: Where<'_>,
        work: impl FnOnce(Place, String) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (root, path) = (self.files_root(asker, at.session).await?, at.path.to_owned());
        Ok(blocking(move || work(Place::open(&root)?, path)).await?)
    }

    /// The folder whose files `asker` manages: their own workspace, or that of a session of theirs.
    pub(super) async fn files_root(&self, asker: &Asker, session: Option<&str>) -> Result<PathBuf, Problem> {
        let root = match session.filter(|id| !id.is_empty()) {
            None => self.workspace_for(asker, None)?,
            Some(id) => {
                let row = self.session(asker, id, "get").await?;
                if row.owner != asker.user() {
                    return Err(Problem::forbidden("the files of a conversation are its owner's"));
                }
                let noted = row.meta.get("workspace").and_then(Value::as_str);
                self.workspace_for(asker, row.workspace.as_deref().or(noted))?
            }
        };
        root.ok_or_else(|| FileError::NoWorkspace.into())
    }
}

fn wrong(field: &str, problem: &str) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
}

/// Does work on a thread that may wait for disks.
pub(super) async fn blocking<T: Send + 'static, E: From<FileError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(FileError::Ended.into()))
}

/// The same; what is `held` is given back when the work is done, though nobody waits for it any more.
pub(super) async fn waited<H: Send + 'static, T: Send + 'static, E: From<FileError> + Send + 'static>(
    held: H,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    blocking(move || {
        let done = work();
        drop(held);
        done
    })
    .await
}
