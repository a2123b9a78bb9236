//! Environment variables beside those that belong to a flag: read through a function, so that tests need no process.

use std::path::PathBuf;
use std::str::FromStr;

use super::UsageError;

/// Reads an environment variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a variable of this process; an empty one counts as absent.
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `given` (a flag or its `TROUPE_` variable), else the older variable `name`, where one of them is there.
pub fn or_older<T: FromStr>(given: Option<T>, name: &str, lookup: Lookup<'_>) -> Result<Option<T>, UsageError> {
    if given.is_some() {
        return Ok(given);
    }
    let Some(value) = lookup(name).filter(|value| !value.trim().is_empty()) else { return Ok(None) };
    let value = value.trim();
    value
        .parse()
        .map(Some)
        .map_err(|_| UsageError(format!("the variable {name} has the value {value:?}, which does not fit")))
}

/// The same for a switch: `1`, `true`, `yes`, `on`, in any case, turn it on.
pub fn switch_or_older(given: Option<bool>, name: &str, lookup: Lookup<'_>) -> bool {
    given.unwrap_or_else(|| {
        let value = lookup(name).unwrap_or_default();
        ["1", "true", "yes", "on"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
    })
}

/// The same for a path.
pub fn path_or_older(given: Option<PathBuf>, name: &str, lookup: Lookup<'_>) -> Option<PathBuf> {
    given.or_else(|| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_older_variable_and_that_over_nothing() {
        let lookup = |name: &str| (name == "OLD").then(|| " 7 ".to_owned());
        assert_eq!(or_older(Some(3), "OLD", &lookup).unwrap(), Some(3));
        assert_eq!(or_older::<u32>(None, "OLD", &lookup).unwrap(), Some(7));
        assert_eq!(or_older::<u32>(None, "ELSE", &lookup).unwrap(), None);
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_with_its_variable() {
        let error = or_older::<u32>(None, "MAX_TOOL_ROUNDS", &|_| Some("many".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "the variable MAX_TOOL_ROUNDS has the value \"many\", which does not fit");
    }

    #[test]
    fn an_explicit_no_wins_over_an_older_yes() {
        assert!(!switch_or_older(Some(false), "OLD", &|_| Some("1".to_owned())));
        assert!(switch_or_older(None, "OLD", &|_| Some("True".to_owned())));
        assert!(!switch_or_older(None, "OLD", &|_| Some("0".to_owned())));
    }
}
