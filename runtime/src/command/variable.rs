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

/// A number of bytes or characters, with `K`, `M` or `G` for powers of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// Text that is no [`Size`].
#[derive(Debug, thiserror::Error)]
#[error("write a number, with K, M or G for powers of 1024, such as 262144 or 100M")]
pub struct InvalidSize;

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_suffix('B').unwrap_or(&text);
        let units = [('K', 10), ('M', 20), ('G', 30)];
        let unit = units.iter().find_map(|(letter, power)| text.strip_suffix(*letter).map(|number| (number, *power)));
        let (number, power) = unit.unwrap_or((text, 0));
        let number: u64 = number.trim().parse().map_err(|_| InvalidSize)?;
        number.checked_mul(1 << power).map(Self).ok_or(InvalidSize)
    }
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

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("4K", 4096), ("100M", 104_857_600), ("1g", 1 << 30), ("2 MB", 2 << 20)]
        {
            assert_eq!(text.parse::<Size>().unwrap(), Size(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "99999999999999G"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
