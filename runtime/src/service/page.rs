//! Pages of lists: `limit` and `cursor`, in the order of a key that every item has.

use serde::Deserialize;

use crate::http::error::Problem;

/// Items of a page where the client does not say.
pub const DEFAULT_LIMIT: usize = 50;

/// The most items of a page.
pub const MOST: usize = 500;

/// The query of a list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PageQuery {
    /// How many items; 50 by default, at most 500.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    limit: usize,
    after: Option<String>,
}

impl PageQuery {
    /// Checks the bounds.
    pub fn page(self) -> Result<Page, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::bad_request(format!("Invalid value for field limit: use 1 to {MOST}")));
        }
        Ok(Page { limit, after: self.cursor })
    }
}

impl Page {
    /// The page of items that are sorted by `key`, and the cursor of the next page where there is one.
    pub fn of<Item, Shown>(
        &self,
        items: impl Iterator<Item = Item>,
        key: impl Fn(&Item) -> &str,
        show: impl Fn(&Item) -> Shown,
    ) -> (Vec<Shown>, Option<String>) {
        let after = self.after.as_deref();
        let mut items = items.filter(|item| after.is_none_or(|after| key(item) > after));
        let page: Vec<Item> = items.by_ref().take(self.limit).collect();
        let next = items.next().and(page.last()).map(|last| key(last).to_owned());
        (page.iter().map(show).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items = ["a", "b", "c", "d", "e"];
        let page = |cursor: Option<&str>| {
            let query = PageQuery { limit: Some(2), cursor: cursor.map(str::to_owned) };
            query.page().unwrap().of(items.iter(), |item| item, |item| (**item).to_owned())
        };
        assert_eq!(page(None), (vec!["a".to_owned(), "b".to_owned()], Some("b".to_owned())));
        assert_eq!(page(Some("b")), (vec!["c".to_owned(), "d".to_owned()], Some("d".to_owned())));
        assert_eq!(page(Some("d")), (vec!["e".to_owned()], None));
        assert!(PageQuery { limit: Some(501), cursor: None }.page().is_err());
    }
}
